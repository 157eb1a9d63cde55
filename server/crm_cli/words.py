"""Words in the lines of `cyberos-crm`, each in Vietnamese and in English."""

from collections.abc import Mapping

from server.cli.agent_words import AgentWords

_WORDS: Mapping[str, tuple[str, str]] = {
    "broadcast": ("ai theo dõi bảng sẽ nhận được tin", "whoever follows the board hears of it"),
    "engagement": ("Đã tạo hợp đồng công việc (Engagement)", "Engagement created"),
    "every_pipeline": ("tất cả", "all"),
    "generated": ("đã tạo", "generated"),
    "ingested": (
        "cơ hội đã được ghi vào Layer 3 (đã chốt)",
        "deal ingested into Layer 3 (closed deal)",
    ),
    "invoice": ("Hóa đơn INV đã được ghi nhận", "INV invoice registered"),
    "invoked": ("đã gọi kỹ năng {}", "{} skill invoked"),
    "move_allowed": ("được chuyển {}", "transition {} allowed"),
    "mst_invalid": (
        "cơ quan thuế không xác nhận mã số thuế này",
        "the GDT registry does not confirm this tax code",
    ),
    "mst_renamed": (
        "giữ tên như đã nhập; tên đăng ký thuế là {}",
        "name stays as typed; registered with the GDT is {}",
    ),
    "mst_stale": (
        "mã số thuế đã được xác nhận từ lâu; hiện không hỏi được cơ quan thuế",
        "the tax code was confirmed long ago; the GDT registry does not answer now",
    ),
    "mst_no_answer": (
        "mã số thuế chưa được xác minh: chưa có câu trả lời của cơ quan thuế",
        "the tax code is unverified: the GDT registry has not answered",
    ),
    "mst_unverified": (
        "mã số thuế chưa được xác minh: cơ quan thuế đã trả lời nhưng chưa đủ để kết luận",
        "the tax code is unverified: the GDT registry answered, but that settles nothing",
    ),
    "mst_valid": ("khớp với đăng ký thuế", "matches GDT registry"),
    "next_day": ("{} ngày tới", "next {} day"),
    "next_days": ("{} ngày tới", "next {} days"),
    "no": ("không", "no"),
    "no_accounts": ("Không có khách hàng nào phù hợp.", "No account fits."),
    "no_contacts": (
        "Khách hàng này chưa có người liên hệ.",
        "This account has no contacts yet.",
    ),
    "no_deals": ("Không có cơ hội nào phù hợp.", "No deal fits."),
    "skipped": ("bỏ qua", "skipped"),
    "to_be_ingested": (
        "sự kiện đang chờ bên nhận; chưa có bên nhận nào được kết nối",
        "the event waits for a receiver; none is connected yet",
    ),
    "top_deal": (
        "{} cơ hội lớn nhất theo xác suất×giá trị:",
        "top {} deal by probability×value:",
    ),
    "top_deals": (
        "{} cơ hội lớn nhất theo xác suất×giá trị:",
        "top {} deals by probability×value:",
    ),
    "yes": ("có", "yes"),
}
_SALUTATIONS: Mapping[str, str] = {
    "anh": "Anh",
    "chi": "Chị",
    "ban": "Bạn",
    "em": "Em",
    "neutral": "Anh/Chị",
}
# Why something was left out when a deal was closed (domain/deals/closing.py).
_REASONS: Mapping[str, tuple[str, str]] = {
    "cancelled_deal": ("cơ hội đã huỷ", "the deal was cancelled"),
    "nothing_to_bill": ("trị giá bằng 0, không có gì để lập hóa đơn", "worth nothing to bill"),
    "issued_when_the_invoice_is_sent": (
        "hóa đơn được phát hành khi gửi",
        "issued when the invoice is sent",
    ),
    "first_use_needs_people": (
        "tài khoản dùng lần đầu, cần người duyệt: gọi crm_generate_vietqr",
        "the first use of the account waits for people: call crm_generate_vietqr",
    ),
    "amount_too_large_for_a_code": (
        "số tiền lớn hơn mức mã VietQR chứa được",
        "the amount is larger than a code can hold",
    ),
    "not_an_amount_in_vnd": ("không phải số tiền bằng VND", "not an amount in VND"),
    "no_default_account": (
        "chưa có tài khoản nhận tiền mặc định",
        "there is no default account to be paid into",
    ),
    "not_won": ("cơ hội không thắng", "the deal was not won"),
    "private_deal": ("cơ hội riêng tư", "the deal is private"),
}


class CrmWords(AgentWords):
    """Our words in one language; LANGUAGE_UNKNOWN for any but ours."""

    def __init__(self, language: str) -> None:
        super().__init__(language, _WORDS)

    def salutation(self, code: str) -> str:
        """How somebody is addressed; a way we do not know stays as it is."""
        return _SALUTATIONS.get(code, code)

    def reason(self, code: str) -> str:
        """Why something was left out; a reason we do not know stays as it is."""
        return _REASONS[code][self.place] if code in _REASONS else code
