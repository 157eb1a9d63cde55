"""Words in the lines of `cyberos-inv`, each in Vietnamese and in English."""

from server.cli.agent_words import AgentWords, Table

_WORDS: Table = {
    "accepted": ("cơ quan thuế đã chấp nhận", "accepted by the tax authority"),
    "archived": ("đã lưu trữ, giữ mười năm", "archived, kept for ten years"),
    "booked": ("đã ghi sổ", "booked"),
    "checked": (
        "mã số thuế đang hoạt động: người bán, và người mua là doanh nghiệp Việt Nam",
        "tax codes are active: the seller's, and that of a buyer in Vietnam",
    ),
    "corrected": ("đã sửa", "corrected"),
    "entries": ("{} mục giờ ({} giờ)", "{} entries ({} h)"),
    "entry": ("{} mục giờ ({} giờ)", "{} entry ({} h)"),
    "failed": ("không thành", "failed"),
    "handed_over": (
        "nhà cung cấp đã nhận, đang chờ trả lời; không gửi lại",
        "the provider has it and will answer; it is not sent again",
    ),
    "in_flight": ("đang thực hiện", "is being carried out"),
    "line": ("dòng {}: {}", "line {}: {}"),
    "mailed": ("thư kèm bản PDF đã gửi", "the letter with the PDF was sent"),
    "needs": ("còn thiếu", "needs"),
    "needs_billing_profile": ("thông tin xuất hóa đơn của khách hàng", "a billing profile"),
    "needs_lines": ("ít nhất một dòng", "at least one line"),
    "needs_seller_profile": ("thông tin bên bán", "a seller profile"),
    "needs_vat_category": ("loại thuế GTGT do người chọn", "a VAT category that people chose"),
    "new": ("mới", "new"),
    "not_known": (
        "không biết có đến nơi không; kết thúc bằng cyberos resolve",
        "nobody knows whether it arrived; it is ended by cyberos resolve",
    ),
    "rate": ("đơn giá", "rate"),
    "reading": ("đọc giờ của {} ({})", "reading TIME entries for engagement {} ({})"),
    "scan": ("quét bằng ứng dụng ngân hàng bất kỳ", "any bank's app in Vietnam reads it"),
    "subtotal": ("tiền hàng", "subtotal"),
    "there": ("đã có", "there already"),
    "to_come": ("đang chờ", "is to come"),
    "total": ("tổng cộng", "total"),
    "vat": ("thuế GTGT", "vat"),
}


class InvWords(AgentWords):
    """Our words in one language; LANGUAGE_UNKNOWN for any but ours."""

    def __init__(self, language: str) -> None:
        super().__init__(language, _WORDS)
