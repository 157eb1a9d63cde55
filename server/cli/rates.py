"""Exchange rate commands: what is a currency worth in dong? `cyberos rate add`.

Limits on signatures are in dollars: without a rate nobody knows whether an amount is below one.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import typer

from domain.fx import service as fx
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Rate, currency_code
from domain.kernel.text import line
from domain.provisioning.service import OPERATOR
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from server.cli.context import opened, perform, the_company
from server.cli.render import answer, one_line, say

_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_THOUSANDS = re.compile(r"[0-9]{1,3}\.[0-9]{3}")  # 26.300 is one number in Hanoi, another in London

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
ON = typer.Option(None, "--on", help="The day it is for, such as 2026-11-21; today if unset.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=False, help="Rates: what a currency is worth in dong.")
    group.command("add")(add)
    app.add_typer(group, name="rate")


def add(
    currency: str = typer.Option("USD", help="Of which currency."),
    rate: str = typer.Option(..., help="Dong for one unit of it, such as 26300 or 26300.5."),
    source: str = typer.Option(..., help="Who says so, such as 'Vietcombank, transfer, buying'."),
    on: str | None = ON,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Record what a source says for a day. A rate never changes; the newest one counts."""
    recorded = perform(
        lambda: _add(currency_code(currency), _number(rate), _source(source), on, tenant)
    )
    if as_json:
        answer({"rate": recorded})
        return
    shown = f"1 {recorded['base']} = {recorded['value']} {recorded['quote']}"
    say(f"{shown} on {recorded['as_of']}, says {one_line(recorded['source'])}.")


async def _add(
    base: str, value: Decimal, source: str, on: str | None, tenant: str | None
) -> dict[str, Any]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            today = tx.at.astimezone(company.zone).date()
            row = await fx.record(
                tx, Rate(base, "VND", value, source, _day(on, today)), said_by=OPERATOR
            )
    return {
        "id": row.id,
        "base": row.base,
        "quote": row.quote,
        "value": row.value,
        "as_of": row.as_of.isoformat(),
        "source": row.source,
    }


def _number(typed: str) -> Decimal:
    if not _NUMBER.fullmatch(typed) or _THOUSANDS.fullmatch(typed):
        raise _invalid("A rate is digits, with a decimal point where it needs one.")
    return Decimal(typed)


def _source(typed: str) -> str:
    try:
        return line(typed, 64)
    except ValueError as error:
        raise _invalid(f"The source {error}.") from None


def _day(typed: str | None, today: date) -> date:
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
