"""Custom field commands: which are there? `cyberos fields show` and `cyberos fields define FILE`.

Until a company defines some, agents can put nothing into `custom_fields`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from domain.accounts import definition
from domain.accounts.definition import Survey
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store.engine import Role
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from server.cli.context import opened, perform, the_company
from server.cli.render import answer, one_line, say

_LARGEST_FILE = 64 * 1024

FILE = typer.Argument(..., help="A JSON schema (draft 2020-12) of an object with its properties.")
TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
DRY_RUN = typer.Option(False, "--dry-run", help="Say which accounts would not fit; write nothing.")
EVEN_SO = typer.Option(False, "--even-so", help="Also if there are accounts that do not fit.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Custom fields: what accounts have besides.")
    group.command("show")(show)
    group.command("define")(define)
    app.add_typer(group, name="fields")


def show(tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """Show the custom fields that accounts have."""
    schema = perform(lambda: _defined(tenant))
    if as_json:
        answer({"definition": schema})
        return
    if not schema.get("properties"):
        say("Accounts have no custom fields; `cyberos fields define FILE` gives them some.")
    for name, field in schema.get("properties", {}).items():
        kind = field.get("type", "any") if isinstance(field, Mapping) else "any"
        needed = ", required" if name in schema.get("required", []) else ""
        words = field.get("description") or field.get("title") or ""
        say(f"{name} ({_listed(kind)}{needed}) {one_line(words)}".rstrip())


def define(
    file: Path = FILE,
    dry_run: bool = DRY_RUN,
    even_so: bool = EVEN_SO,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Give accounts these custom fields, and no others."""
    schema = _schema(file)
    found, changed = perform(lambda: _define(schema, dry_run, even_so, tenant))
    if as_json:
        named = [{"account_id": one.account_id, "problem": _problem(one)} for one in found.named]
        counts = {"accounts": found.accounts, "misfits": found.misfits, "named": named}
        answer({"defined": not dry_run, "changed": changed, **counts})
        return
    for one in found.named:
        say(f"{one.account_id} {one_line(_problem(one))}")
    say(_verdict(found))
    say("Nothing was written." if dry_run else "Defined." if changed else "It was so already.")


async def _defined(tenant: str | None) -> Mapping[str, Any]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            return await definition.defined(tx)


async def _define(
    schema: Mapping[str, Any], dry_run: bool, even_so: bool, tenant: str | None
) -> tuple[Survey, bool]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        # Looked at before and not inside: a survey of many accounts must keep nobody from writing.
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            found = await definition.survey(tx, schema)
        if dry_run:
            return found, False
        if found.misfits and not even_so:
            raise Fault(
                "CUSTOM_FIELDS_MISFIT",
                Kind.CONFLICT,
                _verdict(found),
                "--dry-run names them; --even-so keeps what they have until somebody edits it.",
                {"accounts": found.accounts, "misfits": found.misfits},
            )
        async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            return found, await definition.define(tx, schema, said_by=OPERATOR)


def _schema(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as source:
            content = source.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise _unreadable(f"is larger than {_LARGEST_FILE} bytes")
        schema = json.loads(content)
    except OSError as error:
        raise _unreadable(f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise _unreadable("is not JSON") from None
    if not isinstance(schema, dict):
        raise _unreadable("is not a JSON object")
    return schema


def _unreadable(why: str) -> Fault:
    return Fault(
        "CUSTOM_SCHEMA_INVALID",
        Kind.INVALID,
        f"The file {why}.",
        'such as {"type": "object", "properties": {"tier": {"type": "string"}}}.',
    )


def _verdict(found: Survey) -> str:
    do = "does" if found.misfits == 1 else "do"
    accounts = counted(found.accounts, "account")
    return f"{found.misfits:,} of {accounts} {do} not fit this definition."


def _problem(one: definition.Misfit) -> str:
    return f"{one.path or 'the object'} {one.problem}"


def _listed(kind: Any) -> str:
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
