"""In which words is the demo told? Every sentence in both languages, side by side."""

from collections.abc import Mapping

DemoWords = Mapping[str, str]

# name: (Vietnamese, English)
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "title": (
        "CyberOS: tác tử AI chạy phễu bán hàng, con người giữ quyết định cuối cùng.",
        "CyberOS: an AI agent works the pipeline, people keep the last word.",
    ),
    "agent": ("tác tử", "agent"),
    "look": (
        "Tác tử khởi động máy chủ MCP và tìm khách hàng, có dấu lẫn không dấu.",
        "The agent starts the MCP server and looks for a customer, with and without diacritics.",
    ),
    "work": (
        "Tác tử làm việc hằng ngày: mở cơ hội, ghi cuộc gọi, chuyển giai đoạn.",
        "The agent does its daily work: opens a deal, logs a call, moves the deal on.",
    ),
    "subject": ("Gọi trao đổi phạm vi công việc", "Call about the scope of work"),
    "forbidden_move": (
        "Nhảy cóc giai đoạn thì bị từ chối, và được chỉ những bước được phép:",
        "Skipping a stage is refused, and the moves that are allowed are named:",
    ),
    "propose": (
        "Tác tử đề nghị chốt thắng. Việc này không rút lại được, nên chỉ thành một đề nghị.",
        "The agent proposes to close the deal as won. That cannot be taken back, so it waits.",
    ),
    "short_cuts": (
        "Tác tử thử mọi lối tắt. Không lối nào đi được.",
        "The agent tries every short cut. None of them works.",
    ),
    "again": ("Gọi lại lần nữa: vẫn là đề nghị cũ.", "Asking again: it is the same action."),
    "invented_token": (
        "Tự bịa mã xác nhận và người duyệt:",
        "Inventing a confirmation token and an approver:",
    ),
    "terminal_stage": (
        "Chuyển thẳng vào giai đoạn cuối:",
        "Moving straight into the final stage:",
    ),
    "other_action": (
        "Mượn chữ ký của cơ hội khác: một cơ hội nhỏ được duyệt, rồi dùng mã đó cho cơ hội này:",
        "Borrowing another deal's signature: a small deal is approved, then its id is used here:",
    ),
    "other_signed": ("đã duyệt cơ hội khác: {id}", "another deal was approved: {id}"),
    "no_approve_tool": (
        "Gọi công cụ duyệt: không có công cụ nào như vậy.",
        "Calling a tool that approves: there is none.",
    ),
    "sign": (
        "Một con người đọc bản tóm tắt và ký trong terminal, bằng khoá của chính mình.",
        "A person reads the summary and signs in a terminal, with a key of their own.",
    ),
    "done": (
        "Việc được thực hiện đúng một lần, đúng như đã ký.",
        "The action is carried out exactly once, exactly as signed.",
    ),
    "only_once": ("Chốt thêm lần nữa thì không được:", "Closing it once more is impossible:"),
    "collect": (
        "Thu tiền bằng VietQR: lần đầu dùng một tài khoản thì phải có người duyệt.",
        "Collecting by VietQR: the first use of an account waits for a person.",
    ),
    "scan": (
        "Giờ thì có mã ngay, và mã ghi đúng tài khoản, số tiền và mã tham chiếu:",
        "Now the code comes at once, with the account, the amount and the reference:",
    ),
    "bill": (
        "Tác tử của giám đốc tài chính nhập 47 mục giờ và lập hóa đơn tháng Tư.",
        "The agent of the CFO imports 47 time entries and drafts the invoice of April.",
    ),
    "same_draft": (
        "Gọi lại lần nữa: vẫn là bản nháp ấy.",
        "Asking again: it is the same draft.",
    ),
    "send": (
        "Tác tử đề nghị gửi hóa đơn. Cơ quan thuế sẽ nhận nó, nên con người phải ký.",
        "The agent proposes to send it. The tax authority will have it, so people sign.",
    ),
    "page": (
        "Người phụ trách khách hàng thấy từng dòng, thuế, người nhận và mọi hệ quả:",
        "The account manager sees every line, the VAT, the recipient and all that will happen:",
    ),
    "both_sign": (
        "Trên 10.000 USD thì hai người ký. Chữ ký thứ hai phát hành hóa đơn điện tử.",
        "Above 10,000 USD two people sign. The second signature issues the e-invoice.",
    ),
    "arrived": (
        "Điều đã đến nơi, qua kết nối thật: hóa đơn điện tử, thư kèm bản PDF, và sổ sách cân.",
        "What arrived, over real sockets: the e-invoice, the letter with its PDF, and the books.",
    ),
    "archived": (
        "Bản PDF được lưu trữ: {path} ({size} byte)",
        "The PDF is archived: {path} ({size} bytes)",
    ),
    "paid": (
        "Khách hàng khác trả bằng đồng: ngân hàng báo có, hóa đơn tự khớp theo mã tham chiếu.",
        "Another customer pays in dong: the bank feed tells, and the reference finds the invoice.",
    ),
    "feed_tells": (
        "Nguồn tin ngân hàng gọi vào cửa công khai, bằng khoá của riêng nó:",
        "The bank feed calls at the public door, with a key of its own:",
    ),
    "outlook": (
        "Một câu hỏi, một câu trả lời: bảng cơ hội, dự báo, việc nên làm tiếp theo.",
        "One question, one answer: the board, the forecast, what to do next.",
    ),
    "prove": (
        "Mọi việc nằm trong chuỗi kiểm toán, kiểm chứng được ngoại tuyến.",
        "Everything stands in the audit chain, which can be verified offline.",
    ),
    "forge": (
        "Sửa một byte trong bản sao cơ sở dữ liệu: chuỗi chỉ ra đúng chỗ.",
        "One byte is changed in a copy of the database: the verifier names the place.",
    ),
    "one_byte": ("  · Đổi byte thứ {place} của tệp.", "  · Byte {place} of the file is changed."),
    "connect": (
        "Nối ứng dụng của bạn với công ty mẫu này:",
        "Connect your own client to this demo company:",
    ),
    "end": (
        "Hết. Với công ty thật: `cyberos init`, với CYBEROS_DATA_DIR là một thư mục riêng.",
        "The end. For a real company: `cyberos init`, with a CYBEROS_DATA_DIR of its own.",
    ),
}


def words_in(language: str) -> DemoWords:
    """The sentences in one language, by name."""
    column = ("vi", "en").index(language)
    return {name: sentence[column] for name, sentence in _SENTENCES.items()}
