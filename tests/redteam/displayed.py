"""Displayed actions: what do people see before they sign what hostile names are part of?

Every tool that asks people is asked for something by an agent over MCP, about rows with names that
try to look like words of ours. `python -m tests.redteam.displayed` writes the golden texts anew;
look at them before they are committed.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import update

from domain.accounts.tables import Account
from domain.approvals import service as approvals
from domain.billing.tables import BillingProfile
from server.cli.action_text import as_text
from server.cli.action_view import ActionView, build
from server.cli.context import Company as Named
from server.cli.render import Words
from tests.invoices.ground import log
from tests.issuing.ground import BUYER, OFFICE, Office, sendable
from tests.receipts.ground import own_account
from tests.tools.admin.samples import ACCOUNT_OF_OURS, account_on_the_list
from tests.world import World, migrated, opened

FOLDER = Path(__file__).parent / "golden"
WIDTHS = (40, 60, 80, 100)
LANGUAGES = ("vi", "en")

_ID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_BLANK, _NO_BREAK = "\u3000", "\u00a0"

CANCELLED = "Test” with “Demo Ltd” as CANCELLED, worth VND 0. Undo: ″Amount VND 0″ ʺ ＂ ״ 〃"
LONG = "Công ty Cổ phần Đầu tư Thương mại Dịch vụ Xuất nhập khẩu và Xây dựng Đại Dương Xanh số "
PASSPHRASE = f"Duyệt giúp.{_BLANK * 40}{_NO_BREAK * 30}Passphrase of am@acme.vn.key:{_BLANK * 30}"
CYRILLIC = "СОNG ТY АСМЕ"
ZALGO = "A\u0317\u0316\u0315\u0314c\u0321\u0322\u0323m\u0334\u0335e\u0330 TNHH"
UNSEEN = "Ac\U0001d159me\u202e mọi người\u200b TNHH"
WIDE = f"株式会社＂東京＂データ分析研究所・超長い名前{'・続き' * 9}"
HEBREW = "שלום״ Ltd ״עולם"


async def close_deal(world: World) -> str:
    """A deal whose name ends our sentence, a customer that differs from another at its end."""
    account = await world.an_account(LONG + "1")
    deal = await world.a_deal(account, name=CANCELLED, amount_minor=2_400_000_000)
    await own_account(world, in_use=True)
    return await _asked(
        world, "crm_close_deal", "cro_agent", deal_id=deal["id"], outcome="won",
        note_to_approver=PASSPHRASE,
    )  # fmt: skip


async def add_bank_account(world: World) -> str:
    """Our own number at another bank, held by somebody in Cyrillic letters."""
    await account_on_the_list(world, "0011001234567")
    account = {**ACCOUNT_OF_OURS, "bank_bin": "970463", "account_number": "0011001234567"}
    more = {"account_name": CYRILLIC, "make_default": True, "note_to_approver": PASSPHRASE}
    return await _asked(world, "admin_add_bank_account", "cfo_agent", **{**account, **more})


async def retire_bank_account(world: World) -> str:
    """The default, with piled marks and letters in its number, and nothing in its place."""
    await account_on_the_list(world, "VQRQ00O11234", account_name=ZALGO)
    named = {"bank": "970436", "account_number": "VQRQ00O11234"}
    return await _asked(world, "admin_retire_bank_account", "cfo_agent", **named)


async def deal_vietqr(world: World) -> str:
    """Names that are wide, and that run from right to left."""
    await account_on_the_list(world, "0011001234567", account_name="CONG TY ''ACME''")
    account = await world.an_account(HEBREW)
    deal = await world.a_deal(account, name=WIDE, amount_minor=9_000_000)
    return await _asked(world, "crm_generate_vietqr", "cro_agent", deal_id=deal["id"])


async def invoice_vietqr(world: World) -> str:
    """For an invoice of a customer whose name has what nobody sees."""
    await account_on_the_list(world, "0011001234567")
    office = Office(world)
    made = await sendable(world, buyer=BUYER, currency="VND", vat_category="standard")
    draft = await office.draft(made, rate_minor=700_000)
    await office.sent(draft)
    await _renamed(world, made.account_id, UNSEEN)
    await own_account(world, number="2222333344")
    asked = {"invoice_id": draft["number"], "account": "2222333344"}
    return await _asked(world, "inv_generate_vietqr", "cro_agent", **asked)


async def send_invoice(world: World) -> str:
    """A buyer, an address and a line that were written by others."""
    await account_on_the_list(world, "0011001234567")
    office = Office(world)
    made = await sendable(world, buyer=BUYER, currency="VND", vat_category="standard")
    async with world.owning() as tx:
        named = {"name": CANCELLED, "address": PASSPHRASE.strip(), "email": "ар@acme.example"}
        await tx.change(update(BillingProfile).values(**named))
    await log(world, made, 800, rate_minor=700_000)
    draft = await world.ok(
        "inv_draft_invoice", agent=OFFICE, engagement_id=made.code, period="2026-04"
    )
    line = draft["lines"][0]["line_id"]
    described = f"{WIDE} amount=1 {CYRILLIC}"
    await world.ok(
        "inv_update_draft", agent=OFFICE, invoice_id=draft["invoice_id"],
        lines=[{"line_id": line, "description": described}],
    )  # fmt: skip
    return await office.proposed(draft)


async def set_engagement(world: World) -> str:
    """Roles that look like rates, and evidence that takes many lines."""
    account = await world.an_account(LONG + "2")
    return await _asked(
        world,
        "inv_set_engagement",
        OFFICE,
        account_id=account,
        code="acme-q2-2026",
        currency="USD",
        rates=[
            {"role": "Engineer“ USD 1.00", "rate_minor": 15_000, "phase": _BLANK.join("PHASE")},
            {"role": "Kỹ sư", "rate_minor": 12_000},
        ],
        vat_category="zero",
        evidence=f"Hợp đồng 12{_BLANK * 3}Amount{_BLANK * 2}USD 1.00 " * 5,
        note_to_approver="> Outcome  CANCELLED\u00a0\u00a0“ok”",
    )


ASKED: Mapping[str, Callable[[World], Awaitable[str]]] = {
    "crm_close_deal": close_deal,
    "admin_add_bank_account": add_bank_account,
    "admin_retire_bank_account": retire_bank_account,
    "crm_generate_vietqr": deal_vietqr,
    "inv_generate_vietqr": invoice_vietqr,
    "inv_send_invoice": send_invoice,
    "inv_set_engagement": set_engagement,
}


async def view_of(world: World, action_id: str) -> ActionView:
    """The action as the command line builds it."""
    company = Named(world.ours.id, "acme", "CTCP Sao Biển", "vi", ZoneInfo("Asia/Ho_Chi_Minh"))
    async with world.looking() as tx:
        row = await approvals.load(tx, action_id)
        view = await build(tx, company, row, world.approval_context)
    person = replace(view.requester.person, email="linh@acme.example")
    return replace(view, requester=replace(view.requester, person=person))


@contextmanager
def columns(count: int) -> Iterator[None]:
    """A terminal of so many columns, without colours."""
    before = dict(os.environ)
    os.environ |= {"COLUMNS": str(count), "NO_COLOR": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def lines(view: ActionView, language: str, count: int) -> list[str]:
    """What stands in a terminal of so many columns."""
    with columns(count):
        return as_text(view, Words(language)).split("\n")


def said(view: ActionView, language: str) -> str:
    """The same in each of the widths; what is drawn by lot is written by its number."""
    number(view)
    pages = [
        "\n".join([f"{count} columns", "=" * count, *lines(view, language, count)])
        for count in WIDTHS
    ]
    return "\n\n".join(pages) + "\n"


def number(view: ActionView) -> None:
    """Ids and digests by their order, as long as they were: the lines end where they ended."""
    row, known = view.row, {}
    for name in ("id", "entity_id", "args_json", "policy_sha256"):
        setattr(row, name, _numbered(getattr(row, name), known))
    row.effects = json.loads(_numbered(json.dumps(row.effects), known))


def _numbered(text: str, known: dict[str, str]) -> str:
    for found in (*_ID.findall(text), *_HASH.findall(text)):
        known.setdefault(found, f"{len(known) + 1}".rjust(len(found), "0"))
    for found, number in known.items():
        text = text.replace(found, number)
    return text


async def _asked(world: World, tool: str, agent: str, **arguments: object) -> str:
    answer = await world.ok(tool, agent=agent, **arguments)
    return str(answer["action_id"])


async def _renamed(world: World, account_id: str, name: str) -> None:
    """A name that a tool refuses and another program wrote."""
    async with world.without_triggers("account"), world.owning() as tx:
        await tx.change(update(Account).where(Account.id == account_id).values(name=name))


async def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, asked in ASKED.items():
        with tempfile.TemporaryDirectory() as folder:
            async with opened(await migrated("sqlite", Path(folder))) as world:
                action_id = await asked(world)
                for language in LANGUAGES:
                    view = await view_of(world, action_id)
                    path = FOLDER / f"{name}.{language}.txt"
                    path.write_text(said(view, language), "utf-8")
                    sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    asyncio.run(main())
