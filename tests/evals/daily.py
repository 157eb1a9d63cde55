"""Evaluation tasks of every day: what do people ask first thing in the morning, and in passing?"""

from datetime import UTC, datetime, timedelta

from tests.evals.agent import Agent
from tests.evals.billing import TASKS as TASKS
from tests.evals.book import OCEAN, Book
from tests.evals.tasks import account_of, deal_of, task
from tests.world import World

NOTHING_YET = "Nothing has happened yet and calling again changes nothing"


@task("vi", "Hôm nay thứ mấy, mấy giờ rồi, và tôi đang làm thay ai?")
async def what_day_it_is(agent: Agent, world: World, _book: Book) -> None:
    me = await agent.do("whoami")

    assert datetime.fromisoformat(me["now"]) == world.clock.now().replace(second=0, microsecond=0)
    assert (me["weekday"], me["today"]) == ("Saturday", "2026-11-21")
    assert me.tells("Asia/Ho_Chi_Minh", "SALES Nguyễn")


@task("vi", "Những cơ hội nào đang đứng yên, của khách nào?")
async def which_deals_stand_still(agent: Agent, world: World, book: Book) -> None:
    world.clock.move(timedelta(days=20))
    await world.ok("crm_log_activity", kind="call", subject="Hỏi thăm", deal_id=book.portal_id)
    board = await agent.do("crm_pipeline_board")
    cards = [card for stage in board.rows("stages") for card in stage.rows("deals")]
    still = {card["name"]: card["account_name"] for card in cards if card.get("stagnant")}

    assert still.keys() == {"Quản lý kho", "Theo dõi đơn hàng", "Bảo trì năm 2027", "Website"}
    assert still["Quản lý kho"] == OCEAN


@task("en", "Who decides at Hanabi, and how do I begin a letter to them?")
async def who_decides_at_a_customer(agent: Agent, world: World, _book: Book) -> None:
    account_id = await world.an_account("Hanabi Foods")
    for name, title in (("Lê Thu Trang", "Accountant"), ("Phạm Quốc Bảo", "General Director")):
        await world.ok(
            "crm_create_contact", account_id=account_id, display_name=name, title=title,
            email=f"{title.split()[0].lower()}@hanabi.example", salutation="anh",
        )  # fmt: skip
    people = await agent.do("crm_list_contacts", account_id=await account_of(agent, "hanabi"))
    decides = next(one for one in people.rows("contacts") if "Director" in one["title"])

    assert (decides["display_name"], decides["greeting"]) == ("Phạm Quốc Bảo", "Anh Bảo")
    assert decides["email"] == "general@hanabi.example"


@task("en", "When should the customer portal close, who owns it, and what is it worth?")
async def how_a_deal_stands(agent: Agent, world: World, book: Book) -> None:
    await world.ok("crm_update_deal", deal_id=book.portal_id, expected_close_date="2026-12-15")
    listed = await deal_of(agent, "Cổng khách hàng")
    deal = await agent.do("crm_get_deal", id=listed["id"])

    assert (deal["expected_close_date"], deal["amount_minor"]) == ("2026-12-15", 750_000_000)
    assert deal["owner"].startswith("sales@") and deal["account_name"] == OCEAN


@task("vi", "Khách Đại Dương viết gì trong thư gần nhất về cổng khách hàng?")
async def what_a_customer_wrote(agent: Agent, world: World, book: Book) -> None:
    await world.ok(
        "crm_log_activity", kind="email", subject="Về báo giá", deal_id=book.portal_id,
        body="Giá 700 triệu là được.\nMong nhận hợp đồng trước ngày 05/12.", source="email",
    )  # fmt: skip
    listed = await deal_of(agent, "Cổng khách hàng")
    deal = await agent.do("crm_get_deal", id=listed["id"], activity_limit=1)
    (mail,) = deal.rows("activities")

    assert (mail["kind"], mail["subject"]) == ("email", "Về báo giá")
    assert mail.tells("Giá 700 triệu là được.", "Mong nhận hợp đồng trước ngày 05/12.")


@task("vi", "Mã số thuế của Đại Dương là gì, đã xác minh chưa, mấy người liên hệ?")
async def what_is_known_of_an_account(agent: Agent, _world: World, _book: Book) -> None:
    account = await agent.do("crm_get_account", id=await account_of(agent, "dai duong"))

    assert (account["vn_mst"], account["vn_mst_status"]) == ("0100109106", "unverified")
    assert account["contact_count"] == 2


# --- putting things right ---


@task("vi", "Quản lý kho là 305 triệu chứ không phải 1,25 tỷ, sửa giúp tôi.")
async def a_wrong_amount_is_corrected(agent: Agent, world: World, _book: Book) -> None:
    deal = await deal_of(agent, "Quản lý kho", "version")
    fixed = await agent.do(
        "crm_update_deal",
        deal_id=deal["id"],
        amount_minor=305_000_000,
        expected_version=deal["version"],
    )

    assert (fixed["amount_minor"], fixed["version"]) == (305_000_000, deal["version"] + 1)
    assert (await world.ok("crm_get_deal", id=deal["id"]))["amount_minor"] == 305_000_000


@task("en", "Add Hoa with phone 0903 123 456 at Ocean. Is that somebody we know?")
async def somebody_who_is_there_already(agent: Agent, _world: World, _book: Book) -> None:
    account_id = await account_of(agent, "dai duong")
    people = (await agent.do("crm_list_contacts", account_id=account_id)).rows("contacts")
    there = next(one for one in people if one.get("phone_e164") == "+84903123456")
    tried = await agent.do(
        "crm_create_contact",
        account_id=account_id,
        display_name="Hoa Nguyen",
        phone="0903 123 456",
        dry_run=True,
    )

    assert tried.tells(there["id"])
    assert str(there["id"]) in str(tried["possible_duplicates"])


@task("en", "New lead, here is the signature: Ken Mori, CTO, Kaze KK, ken@kaze.example. 20k USD.")
async def a_signature_becomes_a_customer(agent: Agent, world: World, _book: Book) -> None:
    account = await agent.do("crm_create_account", name="Kaze KK", account_type="other")
    contact = await agent.do(
        "crm_create_contact",
        account_id=account["id"],
        display_name="Ken Mori",
        title="CTO",
        email="ken@kaze.example",
    )
    deal = await agent.do(
        "crm_create_deal",
        account_id=account["id"],
        name="Kaze: first order",
        amount_minor=2_000_000,
        currency="USD",
        primary_contact_id=contact["id"],
    )

    kept = await world.ok("crm_get_deal", id=deal["id"])
    assert (kept["account_id"], kept["primary_contact_id"]) == (account["id"], contact["id"])
    assert (contact["title"], deal["amount_minor"], deal["currency"]) == ("CTO", 2_000_000, "USD")


@task("vi", "Hôm qua 3 rưỡi chiều gọi chị Hòa: chỉ duyệt 700tr, hẹn gặp thứ Năm tuần sau.")
async def a_messy_call_and_its_plan(agent: Agent, world: World, _book: Book) -> None:
    today = datetime.fromisoformat((await agent.do("whoami"))["now"]).date()
    deal = await deal_of(agent, "Cổng khách hàng", "version")
    call = await agent.do(
        "crm_log_activity",
        kind="call",
        subject="Chị Hòa chỉ duyệt 700 triệu",
        deal_id=deal["id"],
        occurred_at=f"{today - timedelta(days=1)}T15:30:00+07:00",
    )
    await agent.do("crm_update_deal", deal_id=deal["id"], amount_minor=700_000_000)
    thursday = today + timedelta(days=7 - today.weekday() + 3)
    meeting = await agent.do(
        "crm_create_task", title="Gặp chị Hòa", due=thursday.isoformat(), deal_id=deal["id"]
    )

    at = datetime.fromisoformat(call["occurred_at"])
    assert at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert (meeting["due"], meeting["deal_id"]) == ("2026-11-26", deal["id"])
    kept = await world.ok("crm_get_deal", id=deal["id"])
    assert (kept["amount_minor"], kept["activities"][0]["kind"]) == (700_000_000, "call")


# --- what people decide ---


@task("en", "We lost the website to a competitor. Which reasons are there? Close it.")
async def a_deal_lost_for_a_known_reason(agent: Agent, world: World, _book: Book) -> None:
    pipelines = await agent.do("crm_list_pipelines")
    sales = next(one for one in pipelines.rows("items") if one["code"] == "sales")
    deal = await deal_of(agent, "Website")
    reason = next(one for one in ("rival", "competitor") if one in sales["lost_reasons"])
    asked = await agent.do("crm_close_deal", deal_id=deal["id"], outcome="lost", lost_reason=reason)

    assert (asked["status"], asked["next"].startswith(NOTHING_YET)) == ("pending_approval", True)
    assert (await world.ok("crm_get_deal", id=deal["id"]))["status"] == "open"


@task("vi", "Việc gì đang chờ duyệt, chờ ai, đến bao giờ?")
async def what_waits_and_for_whom(agent: Agent, world: World, book: Book) -> None:
    await world.ok("crm_close_deal", deal_id=book.portal_id, outcome="won")
    (waits,) = (await agent.do("approvals_list")).rows("items")
    slot = next(one for one in waits.rows("slots") if not one.get("filled"))

    assert waits["state"] == "pending" and "Cổng khách hàng" in waits["summary"]
    assert "AM Nguyễn" in slot["people"]
    assert datetime.fromisoformat(waits["expires_at"]) > world.clock.now()


@task("en", "How will this quarter end for us, by the largest deals?")
async def how_the_quarter_ends(agent: Agent, world: World, book: Book) -> None:
    for deal in (await world.ok("crm_list_deals", status="open"))["deals"]:
        await world.ok("crm_update_deal", deal_id=deal["id"], expected_close_date="2026-12-20")
    found = await agent.do("crm_forecast", range="40d")
    (total,) = found.rows("total")
    largest = found.rows("top_deals")[0]

    assert (found["to_date"], total["deals"]) == ("2026-12-31", 5)
    assert (largest["id"], largest["weighted_minor_vnd"]) == (book.portal_id, 187_500_000)
    assert 0 <= total["commit_80_minor"] <= total["expected_minor"]
