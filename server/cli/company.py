"""Company commands: what stands about us on a hóa đơn? `cyberos company profile`."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import typer

from domain.company import queries, service
from domain.company.rules import VatMethod
from domain.company.service import Seller
from domain.company.tables import SellerProfile
from domain.identity.grants import KeyHolder
from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store.engine import Role
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from server.cli.context import opened, perform, the_company
from server.cli.render import answer, one_line, say
from server.cli.signing import KEY, PASSPHRASE, operator

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
SINCE = typer.Option(None, "--from", help="The first day it holds for, such as 2026-12-01.")
NAME = typer.Option(None, "--legal-name", help="As the registration certificate shows it.")
MST = typer.Option(None, "--mst", help="The company's tax code, 10 digits or 13 of a branch.")
ADDRESS = typer.Option(None, "--address", help="On one line.")
METHOD = typer.Option(None, "--vat-method", help="credit or direct.")
SYMBOL = typer.Option(None, "--symbol", help="Ký hiệu registered for that year, such as C26TAA.")
EMAIL = typer.Option(None, "--email", help="From which invoices are sent; sending needs one.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(no_args_is_help=False, help="The company, as its invoices show it.")
    group.command("profile")(profile)
    app.add_typer(group, name="company")


def profile(
    since: str | None = SINCE,
    legal_name: str | None = NAME,
    mst: str | None = MST,
    address: str | None = ADDRESS,
    vat_method: str | None = METHOD,
    symbol: str | None = SYMBOL,
    email: str | None = EMAIL,
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Show the seller's profiles; with --from and the rest, record one from that day on.

    A profile never changes: a later one takes its place from its day on.
    """
    given = {
        "--from": since,
        "--legal-name": legal_name,
        "--mst": mst,
        "--address": address,
        "--vat-method": vat_method,
        "--symbol": symbol,
    }
    if not any([*given.values(), email]):
        _show(perform(lambda: _profiles(tenant)), as_json=as_json)
        return
    seller = replace(_seller(given), email=email or None)
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    recorded, is_new = perform(lambda: _record(seller, tenant, signer))
    if as_json:
        answer({"profile": recorded, "recorded": is_new})
        return
    say(_line(recorded))
    say("Recorded." if is_new else "It was so already.")


def _seller(given: dict[str, str | None]) -> Seller:
    values = {name: value for name, value in given.items() if value}
    missing = sorted(given.keys() - values.keys())
    if missing:
        raise _invalid(f"A profile also needs {', '.join(missing)}.")
    try:
        since = date.fromisoformat(values["--from"])
    except ValueError:
        raise _invalid("There is no such day.") from None
    if values["--vat-method"] not in list(VatMethod):
        raise _invalid("The VAT method is credit or direct.")
    return Seller(
        effective_from=since,
        legal_name=values["--legal-name"],
        tax_code=values["--mst"],
        address=values["--address"],
        vat_method=VatMethod(values["--vat-method"]),
        symbol=values["--symbol"],
    )


async def _profiles(tenant: str | None) -> list[dict[str, Any]]:
    async with opened(Role.OWNER) as context:
        there = await the_company(context, tenant)
        async with reading(context.database, there.id, context.clock, viewer=SYSTEM) as tx:
            today = tx.at.astimezone(there.zone).date()
            current = await queries.profile_on(tx, today)
            rows = await queries.profiles(tx)
    return [{**_object(row), "current": row is current} for row in rows]


async def _record(
    seller: Seller, tenant: str | None, signer: KeyHolder
) -> tuple[dict[str, Any], bool]:
    async with opened(Role.OWNER) as context:
        there = await the_company(context, tenant)
        async with writing(
            context.database, there.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            row, is_new = await service.record(tx, seller, said_by=OPERATOR)
    return _object(row), is_new


def _object(row: SellerProfile) -> dict[str, Any]:
    return {
        "id": row.id,
        "from": row.effective_from.isoformat(),
        "legal_name": row.legal_name,
        "mst": row.tax_code,
        "address": row.address,
        "email": row.email,
        "vat_method": row.vat_method,
        "symbol": row.symbol,
    }


def _show(profiles: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        answer({"profiles": profiles})
        return
    if not profiles:
        say("There is no profile yet; without one no invoice can be sent.")
    for one in profiles:
        say(f"{'* ' if one['current'] else '  '}{_line(one)}")


def _line(one: dict[str, Any]) -> str:
    where = f"{one_line(one['legal_name'])}, {one_line(one['address'])}"
    return f"from {one['from']}: {one['mst']} {one['symbol']} {one['vat_method']}, {where}"


def _invalid(why: str) -> Fault:
    return Fault(
        "PROFILE_INVALID",
        Kind.INVALID,
        why,
        "such as --from 2026-12-01 --legal-name '...' --mst 0101234567 --address '...' "
        "--vat-method credit --symbol C26TAA.",
    )
