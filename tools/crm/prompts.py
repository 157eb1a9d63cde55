"""Prompts of the sales team: which tasks does a person hand over again and again?"""

from tools.prompts.script import LANGUAGE, Argument, Prompt, Said, Step

_ACCOUNT = Argument(
    "account",
    "account",
    Said("Tên hoặc id khách hàng.", "Name or id of the account."),
    required=True,
    unsaid=Said("hãy hỏi tôi khách hàng nào", "ask me which account"),
)
_DEAL = Argument(
    "deal",
    "deal",
    Said("Tên hoặc id cơ hội đang mở.", "Name or id of the open deal."),
    required=True,
    unsaid=Said("hãy hỏi tôi cơ hội nào", "ask me which deal"),
)
_PIPELINE = Argument(
    "pipeline",
    "pipeline",
    Said("Mã quy trình; bỏ trống: quy trình đầu tiên.", "Pipeline code; left out: the first one."),
    unsaid=Said("quy trình đầu tiên", "the first pipeline"),
    code="pipeline_id",
)
_BOARD = Step(
    ("crm_pipeline_board",),
    Said(
        "Gọi crm_pipeline_board cho {pipeline}: số cơ hội, tổng và tổng có trọng số từng giai "
        "đoạn.",
        "Call crm_pipeline_board for {pipeline}: deals, totals and weighted totals of each stage.",
    ),
)

DAILY = Prompt(
    name="daily_pipeline_review",
    title=Said("Rà soát phễu bán hàng hằng ngày", "Daily pipeline review"),
    about=Said(
        "Hôm nay phễu đứng ở đâu, cơ hội nào đứng yên, việc gì cần làm trước.",
        "Where the pipeline stands today, which deals stand still, and what to do first.",
    ),
    needs=("crm_pipeline_board", "crm_get_deal"),
    opening=Said(
        "Hãy rà soát phễu bán hàng hôm nay cho tôi, chỉ đọc, chưa thay đổi gì.",
        "Review today's pipeline for me; only read, change nothing yet.",
    ),
    steps=(
        _BOARD,
        Step(
            ("crm_list_tasks",),
            Said(
                "Gọi crm_list_tasks với owner me và until là hôm nay: việc đến hạn và quá hạn.",
                "Call crm_list_tasks with owner me and until today: what is due and overdue.",
            ),
        ),
        Step(
            ("crm_get_deal",),
            Said(
                "Với tối đa năm cơ hội có stagnant hoặc next_step_missing, ưu tiên stagnant lâu "
                "nhất rồi đến giá trị lớn nhất, gọi crm_get_deal để xem hoạt động gần đây.",
                "For at most five deals with stagnant or next_step_missing, the longest stagnant "
                "first and then the largest, call crm_get_deal for their latest activities.",
            ),
        ),
        Step(
            ("crm_next_best_action",),
            Said(
                "Gọi crm_next_best_action để biết nên làm gì tiếp theo.",
                "Call crm_next_best_action to learn what to do next.",
            ),
        ),
        Step(
            ("approvals_list",),
            Said(
                "Gọi approvals_list: việc nào còn chờ người ký.",
                "Call approvals_list: what still waits for people.",
            ),
        ),
    ),
    closing=Said(
        "Cho tôi xem: một dòng mỗi giai đoạn; bảng các cơ hội cần chú ý (tên, số ngày đứng yên, "
        "bước tiếp theo đề xuất); việc đến hạn; những gì đang chờ ký. Rồi hỏi tôi muốn làm gì.",
        "Show me: a line for each stage; a table of the deals to look after (name, days without "
        "anything, next step you suggest); what is due; what waits for signatures. Then ask me.",
    ),
    arguments=(_PIPELINE, LANGUAGE),
)

CALL = Prompt(
    name="prepare_call",
    title=Said("Chuẩn bị cuộc gọi", "Prepare a call"),
    about=Said(
        "Mọi điều cần biết về một khách hàng trước khi gọi.",
        "What to know about an account before calling it.",
    ),
    needs=("crm_search_accounts", "crm_get_account", "crm_list_contacts", "crm_list_deals"),
    opening=Said(
        "Hãy giúp tôi chuẩn bị gọi cho khách hàng ({account}).",
        "Help me prepare a call to an account ({account}).",
    ),
    steps=(
        Step(
            ("crm_search_accounts", "crm_get_account"),
            Said(
                "Nếu chưa có id, gọi crm_search_accounts; nhiều kết quả thì hỏi tôi chọn, đừng "
                "đoán. Rồi gọi crm_get_account.",
                "Without an id call crm_search_accounts; if several fit, ask me and do not guess. "
                "Then call crm_get_account.",
            ),
        ),
        Step(
            ("crm_list_contacts",),
            Said(
                "Gọi crm_list_contacts: ai là đầu mối chính, xưng hô thế nào (salutation).",
                "Call crm_list_contacts: who is the primary contact and how to address them "
                "(salutation).",
            ),
        ),
        Step(
            ("crm_list_deals", "crm_get_deal"),
            Said(
                "Gọi crm_list_deals với account_id và status open, rồi crm_get_deal cho từng cơ "
                "hội.",
                "Call crm_list_deals with account_id and status open, then crm_get_deal for each.",
            ),
        ),
        Step(
            ("crm_list_tasks",),
            Said(
                "Gọi crm_list_tasks với account_id: ta còn hứa gì với khách.",
                "Call crm_list_tasks with account_id: what we still owe them.",
            ),
        ),
    ),
    closing=Said(
        "Cho tôi xem trong một trang: gặp ai và xưng hô ra sao; đã trao đổi gì gần đây; các cơ hội "
        "đang mở; ba câu nên hỏi. Sau cuộc gọi, đề nghị ghi lại bằng crm_log_activity.",
        "Show me on one page: whom to ask for and how to address them; what was said lately; the "
        "open deals; three questions to ask. After the call offer to note it with "
        "crm_log_activity.",
    ),
    arguments=(_ACCOUNT, LANGUAGE),
)

CLOSE = Prompt(
    name="close_deal",
    title=Said("Chốt một cơ hội", "Close a deal"),
    about=Said(
        "Kiểm tra và đề nghị chốt; con người ký thì mới có hiệu lực.",
        "Check a deal and propose to close it; it takes effect once people have signed.",
    ),
    needs=("crm_get_deal", "crm_close_deal", "approvals_get"),
    opening=Said(
        "Tôi muốn chốt một cơ hội ({deal}).",
        "I want to close a deal ({deal}).",
    ),
    steps=(
        Step(
            ("crm_list_deals",),
            Said(
                "Nếu chưa có id, gọi crm_list_deals với status open; nhiều kết quả thì hỏi tôi "
                "chọn.",
                "Without an id call crm_list_deals with status open; if several fit, ask me.",
            ),
        ),
        Step(
            ("crm_get_deal",),
            Said(
                "Gọi crm_get_deal, cho tôi xem tên, khách hàng, số tiền và giai đoạn, rồi hỏi: "
                "thắng (won), thua (lost) hay huỷ (cancelled)? Nếu thua, hỏi lý do.",
                "Call crm_get_deal, show me name, account, amount and stage, and ask: won, lost or "
                "cancelled? If lost, ask for the reason.",
            ),
        ),
        Step(
            ("crm_close_deal",),
            Said(
                "Chỉ sau câu trả lời của tôi mới gọi crm_close_deal với expected_version vừa đọc. "
                "Gọi một lần; gọi lại cũng không nhanh hơn.",
                "Only after my answer call crm_close_deal with the expected_version you just read. "
                "Once; asking again makes nothing quicker.",
            ),
        ),
        Step(
            ("approvals_get",),
            Said(
                "Gọi approvals_get với action_id để theo dõi ai đã ký.",
                "Call approvals_get with the action_id to follow who has signed.",
            ),
        ),
    ),
    closing=Said(
        "Cho tôi biết: điều gì đang chờ, ai phải ký, ký ở đâu và đến khi nào. Chưa có chữ ký thì "
        "đừng nói là đã chốt.",
        "Tell me: what waits, who has to sign, where and until when. Until it is signed do not say "
        "that the deal is closed.",
    ),
    arguments=(_DEAL, LANGUAGE),
)

FORECAST = Prompt(
    name="weekly_forecast",
    title=Said("Dự báo tuần", "Weekly forecast"),
    about=Said(
        "Doanh số có thể về, dựa trên những gì, và điều gì có thể sai.",
        "What may come in, what it rests on, and what could go wrong.",
    ),
    needs=("crm_pipeline_board", "crm_list_deals"),
    opening=Said(
        "Hãy chuẩn bị dự báo doanh số tuần này cho buổi họp bán hàng.",
        "Prepare this week's sales forecast for the sales meeting.",
    ),
    steps=(
        Step(
            ("crm_forecast",),
            Said(
                "Gọi crm_forecast cho {pipeline}; nêu các khoảng đúng như công cụ trả về.",
                "Call crm_forecast for {pipeline}; give the bands exactly as the tool returns "
                "them.",
            ),
        ),
        _BOARD,
        Step(
            ("crm_list_deals",),
            Said(
                "Gọi crm_list_deals cho {pipeline} với status open và các trường name, "
                "amount_minor, currency, probability_pct, expected_close_date; đi hết các trang "
                "(next_cursor).",
                "Call crm_list_deals for {pipeline} with status open and the fields name, "
                "amount_minor, currency, probability_pct, expected_close_date; follow next_cursor "
                "to the end.",
            ),
        ),
    ),
    closing=Said(
        "Cho tôi xem: tổng có trọng số theo từng loại tiền; năm cơ hội lớn nhất theo số tiền nhân "
        "xác suất; cơ hội có ngày chốt trong tuần hoặc đã quá hạn; rủi ro. Không cộng các loại "
        "tiền với nhau; chỉ dùng số mà công cụ trả về.",
        "Show me: the weighted total in each currency; the five largest deals by amount times "
        "probability; deals whose close date falls in this week or is past; the risks. Do not add "
        "currencies together; use only numbers a tool returned.",
    ),
    arguments=(_PIPELINE, LANGUAGE),
)

CLEAN = Prompt(
    name="clean_accounts",
    title=Said("Dọn dữ liệu khách hàng", "Clean my accounts"),
    about=Said(
        "Tìm khách hàng trùng, thiếu mã số thuế, thiếu đầu mối.",
        "Find accounts that are there twice, lack a tax code or have nobody to call.",
    ),
    needs=("crm_search_accounts", "crm_list_contacts"),
    opening=Said(
        "Hãy giúp tôi dọn dữ liệu khách hàng, trước hết chỉ tìm chứ chưa sửa.",
        "Help me clean up my accounts; at first only look, correct nothing.",
    ),
    steps=(
        Step(
            ("crm_search_accounts",),
            Said(
                "Gọi crm_search_accounts không có query, limit 100, đi hết các trang "
                "(next_cursor).",
                "Call crm_search_accounts without query, limit 100, and follow next_cursor to the "
                "end.",
            ),
        ),
        Step(
            ("crm_search_accounts",),
            Said(
                "Đánh dấu: tên giống nhau khi bỏ dấu, hoặc trùng mã số thuế; thiếu vn_mst ở công "
                "ty; vn_mst_status không phải valid. Đại Dương và Đài Đường là hai công ty khác "
                "nhau: bỏ dấu giống nhau chưa phải là trùng.",
                "Mark: names that are the same without accents, or the same tax code; companies "
                "without vn_mst; vn_mst_status other than valid. Đại Dương and Đài Đường are two "
                "companies: alike without accents is not yet the same.",
            ),
        ),
        Step(
            ("crm_list_contacts",),
            Said(
                "Với mỗi khách hàng bị đánh dấu, gọi crm_list_contacts: có đầu mối chính không.",
                "For each account you marked call crm_list_contacts: is there a primary contact.",
            ),
        ),
        Step(
            ("crm_validate_mst",),
            Said(
                "Kiểm tra mã số thuế bằng crm_validate_mst, tối đa mười mã một lượt.",
                "Check tax codes with crm_validate_mst, at most ten in one go.",
            ),
        ),
    ),
    closing=Said(
        "Cho tôi xem bảng: khách hàng, vấn đề, cách sửa đề xuất, vì sao chắc chắn hay chưa chắc. "
        "Chờ tôi chọn từng dòng; không gộp và không xoá gì.",
        "Show me a table: account, problem, the correction you suggest, how sure you are and why. "
        "Wait until I choose line by line; merge nothing and delete nothing.",
    ),
    arguments=(LANGUAGE,),
)

PROMPTS = (DAILY, CALL, CLOSE, FORECAST, CLEAN)
