"""Audit of payments: does the verifier find a code that was changed behind the program, or an
unconfirmed account?
"""

import json

import pytest
from sqlalchemy import select

from domain.approvals.tables import PendingAction
from domain.insight.tables import NightlyRun
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store.tables import AuditEntry
from domain.vn import references, vietqr
from policies.audit import effects as audit_effects
from server.nightly import NightlyJobs
from tests.forgery import kept
from tests.tools.admin.samples import account_on_the_list

CHANGES = {
    "the amount": (PaymentRequest, {"amount_minor": 1}, "does not say what its row says"),
    "the payload": (PaymentRequest, {"payload": "000201"}, "does not say what its row says"),
    "the account": (BankAccount, {"account_number": "9"}, "does not say what its row says"),
    "the first use": (BankAccount, {"first_used_at": None}, "was confirmed once"),
}


async def handed_out(world):
    """A code that a customer may have by now; its deal."""
    await account_on_the_list(world, "001100234567")
    deal = await world.a_deal()
    pending = await world.ok("crm_generate_vietqr", deal_id=deal["id"])
    await world.decide(pending["action_id"], "cfo")
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return deal


async def at_once(world):
    """The same, by the call alone, as every code after the first one."""
    await handed_out(world)
    deal = await world.a_deal()
    await world.ok("crm_generate_vietqr", deal_id=deal["id"])
    return deal


async def by_closing(world):
    """The same, by closing a deal as won."""
    await handed_out(world)
    deal = await world.a_deal()
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    for slot in ("am", "cro"):
        await world.decide(pending["action_id"], slot, slot=slot)
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return deal


WAYS = {"first use": handed_out, "at once": at_once, "by closing": by_closing}


async def code_of(forger, deal):
    """The reference and the request of a deal."""
    reference = await forger.row(PaymentReference, deal_id=deal["id"])
    return reference, await forger.row(PaymentRequest, reference=reference.reference)


async def test_a_code_as_it_was_handed_out_verifies(world, tmp_path):
    archive = kept(world, tmp_path)
    await handed_out(world)

    assert await archive.findings() == []


@pytest.mark.parametrize("what", CHANGES)
async def test_a_code_that_was_changed_afterwards_is_found(world, tmp_path, what):
    archive = kept(world, tmp_path)
    await handed_out(world)
    table, values, said = CHANGES[what]

    async with archive.forging() as forger:
        await forger.change(table, {}, **values)

    assert any(said in finding for finding in await archive.findings())


async def test_an_account_that_was_put_into_use_by_hand_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_on_the_list(world, "001100234567")

    async with archive.forging() as forger:
        await forger.change(BankAccount, {}, first_used_at=world.clock.now())

    assert any("nobody confirmed that" in finding for finding in await archive.findings())


async def test_a_reference_with_a_wrong_check_character_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await handed_out(world)

    async with archive.forging() as forger:
        await forger.change(PaymentReference, {}, reference="HD0000000X")

    assert any("check character" in finding for finding in await archive.findings())


@pytest.mark.parametrize("way", WAYS)
async def test_a_code_verifies_however_often_and_however_it_was_made(world, tmp_path, way):
    archive = kept(world, tmp_path)
    deal = await WAYS[way](world)
    await world.ok("crm_generate_vietqr", deal_id=deal["id"])

    assert await archive.findings() == []


async def test_the_entry_of_a_code_made_at_once_tells_of_it(world):
    deal = await at_once(world)

    async with world.looking() as tx:
        (row,) = await tx.all(
            select(AuditEntry)
            .where(AuditEntry.object == deal["id"])
            .where(AuditEntry.event == "cyberos.crm.generate_vietqr")
        )
        asked = (await tx.all(select(PaymentRequest).order_by(PaymentRequest.id)))[-1]
    data = json.loads(row.body)["data"]
    del data["args_sha256"]
    assert data == {
        "reference": asked.reference,
        "bank_account_id": asked.bank_account_id,
        "amount_minor": asked.amount_minor,
        "currency": "VND",
        "payload_sha256": sha256_hex(asked.payload.encode()),
    }


@pytest.mark.parametrize("way", WAYS)
async def test_a_code_that_somebody_replaced_by_a_fitting_one_is_found(world, tmp_path, way):
    archive = kept(world, tmp_path)
    deal = await WAYS[way](world)

    async with archive.forging() as forger:
        reference, asked = await code_of(forger, deal)
        account = await forger.row(BankAccount, id=asked.bank_account_id)
        code = vietqr.Transfer(
            bin=account.bank_bin,
            account=account.account_number,
            amount=777,
            add_info=reference.reference,
        )
        await forger.change(
            PaymentRequest, {"id": asked.id}, amount_minor=777, payload=vietqr.encode(code)
        )

    besides, rows = await archive.apart()
    told = [one.rpartition(" entry ")[0] + " entry" for one in besides]
    assert told == [f"payment request {asked.id}: entry"]
    assert rows == [f"payment_request {asked.id}"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_code_that_is_gone_is_found(world, tmp_path, way):
    archive = kept(world, tmp_path)
    deal = await WAYS[way](world)

    async with archive.forging() as forger:
        _, asked = await code_of(forger, deal)
        await forger.delete(PaymentRequest, id=asked.id)

    assert await archive.apart() == ([], [f"payment_request {asked.id}"])


async def test_a_code_and_a_reference_nobody_made_are_found(world, tmp_path):
    archive = kept(world, tmp_path)
    deal = await handed_out(world)
    other, forged = await world.a_deal(), references.new_reference()

    async with archive.forging() as forger:
        reference, asked = await code_of(forger, deal)
        await forger.add_like(reference, PaymentReference, reference=forged, deal_id=other["id"])
        code = vietqr.decode(asked.payload)
        payload = vietqr.encode(
            vietqr.Transfer(bin=code.bin, account=code.account, amount=code.amount, add_info=forged)
        )
        id = new_id()
        await forger.add_like(asked, PaymentRequest, id=id, reference=forged, payload=payload)
        twice = new_id()
        await forger.add_like(asked, PaymentRequest, id=twice)

    besides, rows = await archive.apart()
    assert besides == []
    places = [f"payment_request {id}", f"payment_request {twice}", f"payment_reference {forged}"]
    assert sorted(rows) == sorted(places)


async def test_a_reference_that_is_gone_or_another_deals_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    deal = await at_once(world)
    other = await world.a_deal()

    async with archive.forging() as forger:
        moved, _ = await code_of(forger, deal)
        await forger.change(PaymentReference, {"reference": moved.reference}, deal_id=other["id"])
        (gone,) = [
            one for one in await forger.rows(PaymentReference) if one.reference != moved.reference
        ]
        await forger.delete(PaymentReference, reference=gone.reference)

    found = await archive.findings()
    place = f"payment_reference {moved.reference}: is not as entry "
    assert any(one.startswith(place) for one in found)
    assert any(one.startswith(f"payment_reference {gone.reference}: is gone") for one in found)


@pytest.mark.parametrize("way", ["first use", "by closing"])
async def test_what_was_signed_for_another_amount_is_found(world, tmp_path, way):
    archive = kept(world, tmp_path)
    await WAYS[way](world)
    tool = "cyberos.crm.close_deal" if way == "by closing" else "cyberos.crm.generate_vietqr"

    async with archive.forging() as forger:
        action = await forger.row(PendingAction, tool=tool)
        await forger.change(PendingAction, {"id": action.id}, amount_minor=1)

    said = f"action {action.id}: was signed for another amount than it was carried out for"
    assert said in await archive.findings()


NIGHTS = {
    "a number of rows": (
        lambda forger, row: forger.change(NightlyRun, {"job": row.job}, written=99),
        "is not as entry",
    ),
    "a night more": (
        lambda forger, row: forger.add_like(row, NightlyRun, job="other"),
        "no entry tells of it",
    ),
    "a night less": (
        lambda forger, row: forger.delete(NightlyRun, job=row.job),
        "is gone, and entry",
    ),
}


@pytest.mark.parametrize("what", NIGHTS)
async def test_a_night_that_is_not_as_it_was_is_found(world, tmp_path, what):
    archive = kept(world, tmp_path)
    await NightlyJobs(world.owner_side, world.clock).work(world.ours.id)
    sound = await archive.findings()
    change, said = NIGHTS[what]

    async with archive.forging() as forger:
        await change(forger, await forger.row(NightlyRun, job="forecasts"))

    (finding,) = await archive.findings()
    assert sound == []
    assert finding.startswith("nightly_run ") and said in finding


FOREIGN = {
    "payment_reference.reference": "payment_reference",
    "payment_reference.deal_id": "payment_reference",
    "payment_request.payload": "payment_request",
    "payment_request.reference": "payment_request",
    "bank_account.bank_bin": "bank_account",
    "bank_account.account_number": "bank_account",
    "nightly_run.written": "nightly_run",
}


@pytest.mark.parametrize("what", FOREIGN)
async def test_bytes_in_a_row_are_a_finding_and_no_crash(world, tmp_path, what):
    if not world.is_sqlite:
        pytest.skip("PostgreSQL keeps no bytes in such a column")
    archive = kept(world, tmp_path)
    await handed_out(world)
    await NightlyJobs(world.owner_side, world.clock).work(world.ours.id)
    table, _, column = what.partition(".")

    async with archive.forging() as forger:
        ours = f"tenant_id = '{world.ours.id}'"
        statement = f"UPDATE {table} SET {column} = x'00ff' WHERE {ours}"  # noqa: S608 - ours
        await forger.connection.exec_driver_sql(statement)

    assert any(FOREIGN[what] in one for one in await archive.findings())


@pytest.mark.parametrize(
    "error", [TypeError(), KeyError(), Fault("INVALID_ARGS", Kind.INVALID, "No number.")], ids=repr
)
async def test_what_breaks_one_part_keeps_no_other_from_being_judged(
    world, tmp_path, monkeypatch, error
):
    async def broken(*_):
        raise error

    archive = kept(world, tmp_path)
    await NightlyJobs(world.owner_side, world.clock).work(world.ours.id)
    monkeypatch.setattr(audit_effects, "verify_erasures", broken)

    async with archive.forging() as forger:
        await forger.change(NightlyRun, {"job": "forecasts"}, written=99)

    night, erasures = await archive.findings()
    assert erasures == "erasures: hold a row this program does not write, so not all was judged"
    assert night.startswith("nightly_run forecasts")
