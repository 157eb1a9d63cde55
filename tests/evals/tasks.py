"""Evaluation tasks: what do people ask of their agents?
Some twenty requests to one who sells; what is asked of one who bills stands in billing.py.

Each is a function that does what was asked and checks that it was done. A new one is a function
with `@task` and a line in budgets.toml, which `make evals ARGS=--write` writes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.evals.agent import Agent
from tests.evals.book import ADDRESS, OCEAN, Book
from tests.evals.reader import Reading
from tests.world import World

Play = Callable[[Agent, World, Book], Awaitable[None]]
PAYLOAD = (
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F"
)


@dataclass(frozen=True)
class Task:
    """One request, in the words of the person who makes it."""

    name: str
    language: str
    request: str
    play: Play
    agent: str


TASKS: dict[str, Task] = {}


def task(language: str, request: str, agent: str = "cro_agent") -> Callable[[Play], Play]:
    """Add a request to those that are played."""

    def add(play: Play) -> Play:
        name = play.__name__  # type: ignore[attr-defined]
        TASKS[name] = Task(name, language, request, play, agent)
        return play

    return add


# --- looking things up ---


@task("vi", "Số điện thoại của người liên hệ chính bên Đại Dương là gì?")
async def phone_of_the_primary_contact(agent: Agent, _world: World, _book: Book) -> None:
    account = await account_of(agent, "dai duong")
    people = await agent.do(
        "crm_list_contacts", account_id=account, fields=["display_name", "phone_e164", "is_primary"]
    )

    primary = next(one for one in people.rows("contacts") if one.get("is_primary"))
    assert (primary["display_name"], primary["phone_e164"]) == ("Nguyễn Thị Hòa", "+84903123456")


@task("en", "Which open deals are worth more than a billion dong?")
async def open_deals_above_a_billion(agent: Agent, _world: World, _book: Book) -> None:
    fields = ["name", "amount_minor", "currency"]
    deals = await agent.do("crm_list_deals", status="open", fields=fields, limit=100)

    large = [one["name"] for one in deals.rows("deals") if one["amount_minor"] > 1_000_000_000]
    assert large == ["Quản lý kho"]
    assert not deals.get("truncated")


@task("en", "What is our sales pipeline worth, stage by stage? Take small pages.")
async def worth_of_each_stage(agent: Agent, _world: World, _book: Book) -> None:
    asked = {"pipeline_id": "sales", "status": "open", "fields": ["stage", "amount_minor"]}
    worth: dict[str, int] = {}
    cursor = {}
    while True:
        page = await agent.do("crm_list_deals", **asked, **cursor, limit=2)
        for deal in page.rows("deals"):
            worth[deal["stage"]] = worth.get(deal["stage"], 0) + deal["amount_minor"]
        if not page.get("truncated"):
            break
        cursor = {"cursor": page["next_cursor"]}

    assert worth == {"qualifying": 1_665_000_000, "discovery": 750_000_000}


@task("vi", "Khách Đại Dương nằm ở tỉnh thành nào theo tên gọi hiện nay?")
async def province_of_today(agent: Agent, _world: World, _book: Book) -> None:
    found = await agent.do("crm_search_accounts", query=OCEAN, fields=["address"])
    place = await agent.do("vn_parse_address", address=found.rows("accounts")[0]["address"])

    assert found.rows("accounts")[0]["address"] == ADDRESS
    assert place["province_code_now"] == "79"


@task("en", "Show me the deals that stand in discover.")
async def a_stage_that_was_misspelt(agent: Agent, _world: World, _book: Book) -> None:
    refused = await agent.refused("crm_list_deals", stage_id="discover", fields=["name"])
    pipelines = await agent.do(refused.word(r"with (crm_\w+)"))
    codes = [stage["code"] for one in pipelines.rows("items") for stage in one.rows("stages")]
    code = next(one for one in codes if one.startswith("discover"))
    deals = await agent.recover("crm_list_deals", stage_id=code, fields=["name"])

    assert refused.code == "STAGE_UNKNOWN"
    assert [one["name"] for one in deals.rows("deals")] == ["Cổng khách hàng"]


@task("vi", "Viết số tiền của cơ hội Quản lý kho bằng chữ để ghi vào hợp đồng.")
async def amount_in_words(agent: Agent, _world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Quản lý kho", "amount_minor", "currency")
    written = await agent.do(
        "vn_amount_in_words", amount_minor=deal["amount_minor"], currency=deal["currency"]
    )

    assert written["words"] == "Một tỷ hai trăm năm mươi triệu đồng"


@task("en", "A supplier sent this VietQR. Is it sound, and whose bank is it?")
async def a_code_before_it_is_paid(agent: Agent, _world: World, _book: Book) -> None:
    broken = await agent.refused("vn_decode_vietqr", payload=f"{PAYLOAD[:-1]}0")
    sound = await agent.do("vn_decode_vietqr", payload=PAYLOAD)

    assert broken.code.startswith("VIETQR_")
    assert (sound["bank"], sound["account"]) == ("ACB", "257678859")


# --- new customers, people, deals ---


@task("vi", "Thêm khách hàng mới: Công ty TNHH Mây Trắng.")
async def a_new_customer(agent: Agent, world: World, _book: Book) -> None:
    found = await agent.do("crm_search_accounts", query="may trang", fields=["name"])
    created = await agent.do(
        "crm_create_account", name="Công ty TNHH Mây Trắng", account_type="llc"
    )

    assert found.rows("accounts") == []
    assert (await world.ok("crm_get_account", id=created["id"]))["name"].endswith("Mây Trắng")


@task("en", "Create the account Viet Steel JSC with tax code 0101248141.")
async def a_customer_who_is_there_already(agent: Agent, _world: World, book: Book) -> None:
    refused = await agent.refused(
        "crm_create_account", name="Viet Steel JSC", account_type="jsc", vn_mst="0101248141"
    )
    there = await agent.recover("crm_get_account", id=refused.word(r"([0-9A-Z]{26})"))

    assert refused.code == "ACCOUNT_EXISTS"
    assert there["id"] == book.steel_id


@task("vi", "Thêm chị Lan, email Lan <lan@daiduong.vn>, vào khách Đại Dương.")
async def a_contact_with_an_address_in_brackets(agent: Agent, _world: World, _book: Book) -> None:
    person = {
        "account_id": await account_of(agent, "dai duong"),
        "display_name": "Trần Thị Lan",
        "salutation": "chi",
    }
    refused = await agent.refused("crm_create_contact", **person, email="Lan <lan@daiduong.vn>")
    created = await agent.recover("crm_create_contact", **person, email="lan@daiduong.vn")

    assert refused.code == "EMAIL_INVALID"
    assert "bare address" in refused.hint
    assert created["email"] == "lan@daiduong.vn"


@task("vi", "Mở cơ hội 'Kho lạnh' 750 triệu cho Đại Dương, dự kiến chốt 31/12.")
async def a_new_deal(agent: Agent, _world: World, _book: Book) -> None:
    created = await agent.do(
        "crm_create_deal",
        account_id=await account_of(agent, "dai duong"),
        name="Kho lạnh",
        amount_minor=750_000_000,
        currency="VND",
        expected_close_date="2026-12-31",
    )

    assert (created["stage"], created["expected_close_date"]) == ("qualifying", "2026-12-31")


# --- along the pipeline ---


@task("en", "Move the customer portal to proposal.")
async def one_stage_ahead(agent: Agent, _world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Cổng khách hàng", "stage", "version")
    moved = await agent.do(
        "crm_move_stage", deal_id=deal["id"], to_stage="proposal", expected_version=deal["version"]
    )

    assert (moved["from_stage"], moved["stage"]) == ("discovery", "proposal")


@task("vi", "Khách đã chấp nhận giá, đưa Quản lý kho thẳng lên đề xuất.")
async def a_stage_is_skipped(agent: Agent, _world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Quản lý kho", "stage")
    arguments = {"deal_id": deal["id"], "to_stage": "proposal"}
    refused = await agent.refused("crm_move_stage", **arguments)
    moved = await agent.recover("crm_move_stage", **arguments, reason="Khách đã chấp nhận giá")

    assert "reason" in refused.hint
    assert moved["stage"] == "proposal"


@task("vi", "Chuyển bảo trì năm 2027 sang đề xuất, giá là 60 triệu.")
async def a_stage_that_needs_an_amount(agent: Agent, _world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Bảo trì năm 2027", "stage")
    await agent.do("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
    arguments = {"deal_id": deal["id"], "to_stage": "proposal"}
    refused = await agent.refused("crm_move_stage", **arguments)
    moved = await agent.recover("crm_move_stage", **arguments, amount_minor=60_000_000)

    assert "amount_minor" in refused.hint
    assert (moved["stage"], moved["amount_minor"]) == ("proposal", 60_000_000)


@task("en", "Move the portal on, but only if nobody touched it since I looked.")
async def a_deal_that_changed_meanwhile(agent: Agent, world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Cổng khách hàng", "version")
    await world.ok("crm_move_stage", deal_id=deal["id"], to_stage="qualifying")
    refused = await agent.refused(
        "crm_move_stage",
        deal_id=deal["id"],
        to_stage="proposal",
        expected_version=deal["version"],
    )
    now = await agent.do(refused.word(r"with (crm_\w+)"), id=deal["id"], activity_limit=0)
    moved = await agent.recover(
        "crm_move_stage", deal_id=deal["id"], to_stage="discovery", expected_version=now["version"]
    )

    assert refused.code == "VERSION_CONFLICT"
    assert (now["stage"], moved["stage"]) == ("qualifying", "discovery")


# --- what happened ---


@task("en", "Log yesterday's call with the steel people. The phone system reports it twice.")
async def a_call_that_is_reported_twice(agent: Agent, _world: World, _book: Book) -> None:
    call = {
        "kind": "call",
        "subject": "Price of the order tracker",
        "account_id": await account_of(agent, "thep viet"),
        "source": "phone",
        "source_event_id": "call-20261120-17",
    }
    first = await agent.do("crm_log_activity", **call)
    second = await agent.do("crm_log_activity", **call)

    assert (first.get("already_logged", False), second["already_logged"]) == (False, True)
    assert first["id"] == second["id"]


@task("vi", "Ghi lại buổi họp 9 giờ sáng qua với Đại Dương.")
async def a_meeting_without_a_time_zone(agent: Agent, _world: World, _book: Book) -> None:
    meeting = {
        "kind": "meeting",
        "subject": "Trình bày giải pháp",
        "account_id": await account_of(agent, "dai duong"),
    }
    at = "2026-11-20T09:00:00"
    refused = await agent.refused("crm_log_activity", **meeting, occurred_at=at)
    logged = await agent.recover("crm_log_activity", **meeting, occurred_at=f"{at}+07:00")

    assert refused.code == "INVALID_ARGS"
    assert datetime.fromisoformat(logged["occurred_at"]) == datetime(2026, 11, 20, 2, tzinfo=UTC)


# --- what people decide ---


@task("en", "Great news, the portal is won! Put it into closed_won.")
async def a_deal_that_was_won(agent: Agent, _world: World, book: Book) -> None:
    refused = await agent.refused("crm_move_stage", deal_id=book.portal_id, to_stage="closed_won")
    tool, outcome = refused.word(r"Use (crm_\w+)"), refused.word(r'outcome "(\w+)"')
    asked = await agent.recover(tool, deal_id=book.portal_id, outcome=outcome)
    waiting = await agent.do("approvals_get", action_id=asked["action_id"])

    assert (asked["status"], waiting["state"]) == ("pending_approval", "pending")


@task("vi", "Khách chê giá cao, mất cơ hội Website rồi.")
async def a_deal_that_was_lost(agent: Agent, _world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Website", "stage")
    arguments = {"deal_id": deal["id"], "outcome": "lost"}
    refused = await agent.refused("crm_close_deal", **arguments)
    reason = next(one for one in refused.choice("one of ") if one == "price")
    asked = await agent.recover("crm_close_deal", **arguments, lost_reason=reason)

    assert refused.code == "LOST_REASON_REQUIRED"
    assert asked["status"] == "pending_approval"


@task("en", "I was too quick: take back whatever you asked people to sign.")
async def a_request_is_taken_back(agent: Agent, world: World, book: Book) -> None:
    await world.ok("crm_close_deal", deal_id=book.portal_id, outcome="won")
    waiting = await agent.do("approvals_list")
    pending = [one["action_id"] for one in waiting.rows("items") if one["state"] == "pending"]
    for action_id in pending:
        await agent.do("approvals_cancel", action_id=action_id)

    assert len(pending) == 1
    assert await world.state(pending[0]) == "cancelled"


# --- what was promised ---


@task("vi", "Thứ Năm tới ta đã hứa gì với khách?")
async def promised_for_thursday_asked_in_vietnamese(agent: Agent, world: World, book: Book) -> None:
    await _promised(world, book)
    due = await _due_on_thursday(agent)

    said = [(one["due"], one["title"], one["account_name"]) for one in due]
    assert said == [
        ("2026-11-26T15:00+07:00", "Gọi lại về giá", OCEAN),
        ("2026-11-26", "Gửi hợp đồng", OCEAN),
    ]


@task("en", "What did we promise for Thursday? The contract went out, and the call can wait a day.")
async def promised_for_thursday_and_kept(agent: Agent, world: World, book: Book) -> None:
    await _promised(world, book)
    call, contract = await _due_on_thursday(agent)
    await agent.do("crm_complete_task", task_id=contract["id"], outcome="done")
    later = await agent.do(
        "crm_complete_task", task_id=call["id"], outcome="put_off", until="2026-11-27T15:00"
    )

    assert later["due"] == "2026-11-27T15:00+07:00"
    assert await _due_on_thursday(agent) == []


@task("vi", "Nhắc Nguyễn, ý tôi là anh bên AM, gửi báo giá cho Thép Việt trước thứ Sáu.")
async def a_task_for_a_colleague_of_a_common_name(agent: Agent, world: World, _book: Book) -> None:
    asked = {
        "title": "Gửi báo giá",
        "due": "2026-11-27",
        "account_id": await account_of(agent, "thep viet"),
    }
    refused = await agent.refused("crm_create_task", **asked, owner="Nguyễn")
    made = await agent.recover("crm_create_task", **asked, owner="AM Nguyễn")

    assert (refused.code, made["owner"][:3]) == ("PERSON_AMBIGUOUS", "am@")
    assert refused.hint.endswith("give the e-mail address.")
    assert (await world.ok("crm_list_tasks", agent="am_agent", owner="me"))["tasks"] != []


async def _promised(world: World, book: Book) -> None:
    """Before, on and after Thursday."""
    for title, due in (
        ("Hỏi mã số thuế", "2026-11-25"),
        ("Gửi hợp đồng", "2026-11-26"),
        ("Gọi lại về giá", "2026-11-26T15:00"),
        ("Chuẩn bị họp", "2026-11-27T08:00"),
    ):
        await world.ok("crm_create_task", title=title, due=due, deal_id=book.portal_id)


async def _due_on_thursday(agent: Agent) -> list[Reading]:
    """What is due on the first Thursday from today on, whatever the day is."""
    today = datetime.fromisoformat((await agent.do("whoami"))["now"]).date()
    thursday = today + timedelta(days=(3 - today.weekday()) % 7)
    listed = await agent.do("crm_list_tasks", until=thursday.isoformat())
    return [one for one in listed.rows("tasks") if one["due"].startswith(thursday.isoformat())]


async def account_of(agent: Agent, query: str) -> str:
    """The id of the account that fits best, asked for with as little as possible."""
    found = await agent.do("crm_search_accounts", query=query, fields=["name"], limit=3)
    return str(found.rows("accounts")[0]["id"])


async def deal_of(agent: Agent, name: str, *fields: str) -> Reading:
    """The open deal with this name, and what else of it is needed."""
    found = await agent.do("crm_list_deals", status="open", fields=["name", *fields], limit=50)
    return next(one for one in found.rows("deals") if one["name"] == name)
