"""Exchange rate commands: what is a currency worth in dong? `cyberos rate add | list`.

Limits on signatures are in dollars: without a rate nobody knows whether an amount is below one.
"""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from domain.fx import queries
from domain.fx import service as fx
from domain.fx.columns import RateColumn
from domain.fx.tables import FxRate
from domain.identity.grants import KeyHolder
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Rate, currency_code
from domain.kernel.text import line
from domain.provisioning.service import OPERATOR
from domain.store.engine import Role
from domain.store.tx import Tx, reading, writing
from domain.store.visibility import SYSTEM
from server.cli.context import Company, opened, perform, the_company
from server.cli.render import answer, one_line, say
from server.cli.signing import KEY, PASSPHRASE, operator

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_THOUSANDS = re.compile(r"[0-9]{1,3}\.[0-9]{3}")  # 26.300 is one number in Hanoi, another in London

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
COLUMN = typer.Option(RateColumn.MID, help="Which of its rates: what it buys or sells at.")
ON = typer.Option(None, "--on", help="The day it is for, such as 2026-11-21; today if unset.")
EVEN_SO = typer.Option(False, "--even-so", help="Also if it is far from the last one.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Rates: what a currency is worth in dong.")
    group.command("add")(add)
    group.command("list")(list_all)
    app.add_typer(group, name="rate")


def add(
    currency: str = typer.Option("USD", help="Of which currency."),
    rate: str = typer.Option(..., help="Dong for one unit of it, such as 26300 or 26300.5."),
    source: str = typer.Option(..., help="Who says so, such as 'Vietcombank, transfer, buying'."),
    column: RateColumn = COLUMN,
    on: str | None = ON,
    even_so: bool = EVEN_SO,
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Record what a source says for a day. A rate never changes; the newest one counts.

    One that differs by more than 10 % from the last is refused without --even-so.
    Foreign invoices are booked by --source bank --column transfer_buy.
    """
    named = currency_code(currency), _number(rate), _source(source)
    if not even_so:  # before anybody looks for a key
        perform(lambda: _look(*named, on, tenant))
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    recorded = perform(lambda: _add(*named, column, on, tenant, signer, even_so=even_so))
    if as_json:
        answer({"rate": recorded})
        return
    shown = f"1 {recorded['base']} = {recorded['value']} {recorded['quote']}"
    said = f"{one_line(recorded['source'])} ({recorded['column']})"
    say(f"{shown} on {recorded['as_of']}, says {said}.")


async def _add(
    base: str,
    value: Decimal,
    source: str,
    column: RateColumn,
    on: str | None,
    tenant: str | None,
    signer: KeyHolder,
    *,
    even_so: bool,
) -> dict[str, Any]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(
            context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            said = Rate(base, "VND", value, source, _day(on, tx, company))
            row = await fx.record(tx, said, column=column, said_by=OPERATOR, even_so=even_so)
    return _as_object(row)


def list_all(
    currency: str | None = typer.Option(None, "--currency", help="Of this currency alone."),
    most: int = typer.Option(30, "--limit", min=1, max=1_000, help="At most so many."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """List the rates on record, newest day first."""
    base = currency_code(currency) if currency else None
    rows = perform(lambda: _list(base, most, tenant))
    if as_json:
        answer({"rates": rows})
        return
    if not rows:
        say("No rates.")
    for row in rows:
        shown = f"{row['as_of']}  1 {row['base']} = {row['value']} {row['quote']}"
        say(f"{shown}  {one_line(row['source'])} ({row['column']})")


async def _list(base: str | None, most: int, tenant: str | None) -> list[dict[str, Any]]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            return [_as_object(row) for row in await queries.newest(tx, base, most)]


async def _look(base: str, value: Decimal, source: str, on: str | None, tenant: str | None) -> None:
    """RATE_FAR if it is."""
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            await fx.check_near(tx, Rate(base, "VND", value, source, _day(on, tx, company)))


def _as_object(row: FxRate) -> dict[str, Any]:
    return {
        "id": row.id,
        "base": row.base,
        "quote": row.quote,
        "value": row.value,
        "as_of": row.as_of.isoformat(),
        "source": row.source,
        "column": row.column,
    }


def _number(typed: str) -> Decimal:
    if not _NUMBER.fullmatch(typed) or _THOUSANDS.fullmatch(typed):
        raise _invalid("A rate is digits, with a decimal point where it needs one.")
    return Decimal(typed)


def _source(typed: str) -> str:
    try:
        said = line(typed, 64)
    except ValueError as error:
        raise _invalid(f"The source {error}.") from None
    if not any(sign.isalnum() for sign in said):  # the dots of an example, typed as they stand
        raise _invalid("The source names nobody.")
    return said


def _day(typed: str | None, tx: Tx, company: Company) -> date:
    today = tx.at.astimezone(company.zone).date()
    try:
        day = date.fromisoformat(typed) if typed else today
    except ValueError:
        raise _invalid("There is no such day.") from None
    if day > today:
        raise _invalid("Nobody knows the rate of a day to come.")
    return day


def _invalid(why: str) -> Fault:
    return Fault(
        "RATE_INVALID", Kind.INVALID, why, "such as --rate 26300 --on 2026-11-21, without groups."
    )
