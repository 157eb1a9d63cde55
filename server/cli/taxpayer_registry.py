"""Taxpayer registry commands:
who says whether a tax code is somebody's, and may he be asked about persons?

`cyberos registry ask` tries the registry that is configured, `cyberos registry persons` decides
whether the 12-digit numbers of people may be sent to it.
"""

import typer

from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from domain.taxpayers.registry import RegistryAnswer, TaxRegistry
from domain.taxpayers.service import ask_about_persons, gdt_words
from domain.vn.tax_codes import TaxCodeKind, masked, read_tax_code
from server import wiring
from server.cli.context import opened, perform, read_settings, the_company
from server.cli.render import answer, one_line, say

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="The taxpayer registry: try it, limit it.")
    group.command("ask")(ask)
    group.command("persons")(persons)
    app.add_typer(group, name="registry")


def ask(
    tax_code: str = typer.Argument(..., help="Of a company or a branch."), as_json: bool = JSON
) -> None:
    """Ask the registry about a code, to see that it works. Nothing is kept."""
    code = read_tax_code(tax_code)
    if code.kind is TaxCodeKind.PERSON:
        raise Fault(
            "MST_OF_A_PERSON",
            Kind.FORBIDDEN,
            "A person's number is not looked up from here.",
            "try the registry with the code of a company.",
        )
    settings = read_settings()
    said = perform(lambda: wiring.ports(settings)[TaxRegistry].look_up(code.normalised))
    if as_json:
        answer({"mst": masked(code.normalised), "source": said.source, "found": _found(said)})
    elif said.taxpayer is None:
        say(f"{said.source} knows nobody with the tax code {said.tax_code}.")
    else:
        state = gdt_words(said.taxpayer.gdt_status) or "a state that we do not know"
        say(f"{said.source}: {one_line(said.taxpayer.name)}, {one_line(said.taxpayer.address)}")
        say(f"State: {state}")


def persons(
    allow: bool = typer.Option(..., "--allow/--refuse", help="Whether their numbers may be sent."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Say whether the numbers of people may be sent to the registry; at first they may not.

    They are personal data: a right format is enough to invoice an individual.
    """
    code = perform(lambda: _set(allow, tenant))
    if as_json:
        answer({"tenant": code, "asks_about_persons": allow})
    else:
        say(f"{code}: personal numbers {'may' if allow else 'may not'} be sent to the registry.")


async def _set(allow: bool, tenant: str | None) -> str:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            await ask_about_persons(tx, allow, said_by=OPERATOR)
    return company.code


def _found(said: RegistryAnswer) -> dict[str, str | None] | None:
    found = said.taxpayer
    if found is None:
        return None
    return {"name": found.name, "address": found.address, "gdt_status": found.gdt_status}
