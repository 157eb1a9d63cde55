"""Evaluation tasks: what do people ask of an agent who bills? Drafts, sending, and who has paid."""

from tests.evals.agent import Agent
from tests.evals.book import Book
from tests.evals.tasks import TASKS as TASKS
from tests.evals.tasks import task
from tests.invoices.ground import Work, april
from tests.issuing.ground import OFFICE, Office, sendable
from tests.receipts.ground import event, feed, invoice, told, worked
from tests.world import World


async def _worked(world: World) -> tuple[Office, Work]:
    """An office that can send, and April's work for a customer abroad."""
    office, work = Office(world), await sendable(world)
    await april(world, work)
    return office, work


@task("vi", "Lập hóa đơn tháng Tư cho Acme: bao nhiêu giờ, bao nhiêu tiền?", OFFICE)
async def the_draft_of_a_month(agent: Agent, world: World, _book: Book) -> None:
    _, work = await _worked(world)
    (engagement,) = (await agent.do("inv_list_engagements")).rows("engagements")
    asked = {"engagement_id": engagement["code"], "period": "2026-04"}
    draft = await agent.do("inv_draft_invoice", **asked)
    again = await agent.do("inv_draft_invoice", **asked)

    assert engagement["code"] == work.code
    assert [line["hours"] for line in draft.rows("lines")] == ["168.00"]
    assert (draft["total_minor"], again["number"]) == (2_520_000, draft["number"])


@task("en", "Draft May for Acme as well.", OFFICE)
async def a_month_without_time(agent: Agent, world: World, _book: Book) -> None:
    _, work = await _worked(world)
    refused = await agent.refused("inv_draft_invoice", engagement_id=work.code, period="2026-05")
    listed = await agent.recover(refused.word(r"(inv_list_\w+)"))

    assert refused.code == "NOTHING_TO_BILL"
    assert listed.rows("invoices") == []


@task("en", "Send Acme its invoice for April, and tell me who still has to sign.", OFFICE)
async def an_invoice_to_be_sent(agent: Agent, world: World, _book: Book) -> None:
    _, work = await _worked(world)
    draft = await agent.do("inv_draft_invoice", engagement_id=work.code, period="2026-04")
    asked = await agent.do(draft["next"], invoice_id=draft["number"])

    assert asked["status"] == "pending_approval"
    assert [slot["slot"] for slot in asked.rows("slots")] == ["am", "cfo"]
    assert (await world.state(asked["action_id"])) == "pending"


@task("vi", "Hóa đơn tháng Tư của Acme đã đi chưa, số mấy?", OFFICE)
async def an_invoice_that_people_signed(agent: Agent, world: World, _book: Book) -> None:
    office, work = await _worked(world)
    draft = await world.ok(
        "inv_draft_invoice", agent=OFFICE, engagement_id=work.code, period="2026-04"
    )
    await office.sent(draft, "am", "cfo")
    (listed,) = (await agent.do("inv_list_invoices", status="sent")).rows("invoices")
    sent = await agent.do("inv_get_invoice", invoice_id=listed["number"])
    (hoadon,) = sent.rows("einvoice")

    assert (sent["status"], hoadon["state"]) == ("sent", "accepted")
    assert hoadon["number"].endswith(" 1")


@task("en", "Has this invoice been paid? How much is open?", "cfo_agent")
async def an_invoice_that_nobody_paid(agent: Agent, world: World, _book: Book) -> None:
    bill = await invoice(world)
    seen = await agent.do("inv_summarise_payment_status", invoice_id=bill.label)

    assert (seen["state"], seen["outstanding_minor"]) == ("open", bill.total_minor)


@task("vi", "Khách đã trả hóa đơn này chưa, trả ngày nào?", "cfo_agent")
async def an_invoice_that_was_paid(agent: Agent, world: World, _book: Book) -> None:
    bill, endpoint = await invoice(world), await feed(world)
    await told(world, endpoint, event(bill.total_minor, bill.payment_reference))
    await worked(world)
    seen = await agent.do("inv_summarise_payment_status", invoice_id=bill.label)

    assert (seen["state"], seen["outstanding_minor"]) == ("paid", 0)
    assert seen.rows("receipts")[0]["received_on"] == "2026-11-20"
