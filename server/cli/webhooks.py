"""Webhook endpoints: which bank feeds may tell us of money? `cyberos webhook endpoint ...`."""

from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from domain.identity.grants import KeyHolder
from domain.kernel.clock import instant
from domain.provisioning.service import OPERATOR
from domain.receipts import queries, service
from domain.receipts.tables import WebhookEndpoint
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from server.cli.context import Company, looking, opened, perform, the_company
from server.cli.render import answer, say
from server.cli.signing import KEY, PASSPHRASE, operator

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Webhooks: who may tell us of something.")
    endpoints = typer.Typer(no_args_is_help=False, help="Endpoints: addresses of bank feeds.")
    endpoints.command("add")(add)
    endpoints.command("list")(list_all)
    endpoints.command("revoke")(revoke)
    group.add_typer(endpoints, name="endpoint")
    app.add_typer(group, name="webhook")


def add(
    rail: str = typer.Option("sepay", help="Which feed will call: sepay."),
    account: str = typer.Option(..., help="Number of the company's bank account it tells of."),
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Make an address for a bank feed. Its path and its key are shown now and never again."""
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    row, made = perform(lambda: _add(rail, account, tenant, signer))
    if as_json:
        answer({"endpoint": row, "path": made.path, "key": made.key})
        return
    say(f"Endpoint {row['id']} of {row['rail']} for the account {row['own_account']}.")
    say(f"Its path, shown only now: {made.path}")
    say(f"Its key, shown only now: {made.key}")
    say("Enter both at the feed: the path behind the public name, the key as `Apikey`.")


def list_all(tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """List the endpoints; nothing of their secrets is known any more."""
    company, rows = perform(lambda: _list(tenant))
    if as_json:
        answer({"tenant": company.code, "endpoints": rows})
        return
    if not rows:
        say("No endpoints.")
    for row in rows:
        verb, at = ("revoked", row["revoked_at"]) if row["revoked_at"] else ("since", row["since"])
        when = instant(datetime.fromisoformat(at), company.zone)
        say(f"{row['id']}: {row['rail']}, account {row['own_account']}, {verb} {when}")


def revoke(
    endpoint_id: str = typer.Argument(help="From `cyberos webhook endpoint list`."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """End an endpoint now: its address answers like one that never was."""
    row = perform(lambda: _revoke(endpoint_id, tenant))
    if as_json:
        answer({"endpoint": row})
        return
    say(f"Endpoint {row['id']} is revoked.")


async def _add(
    rail: str, account: str, tenant: str | None, signer: KeyHolder
) -> tuple[dict[str, Any], service.Secrets]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(
            context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            row, made = await service.add_endpoint(tx, rail=rail, account=account, actor=OPERATOR)
    return _as_object(row), made


async def _list(tenant: str | None) -> tuple[Company, list[dict[str, Any]]]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with looking(context, company) as tx:
            rows = await queries.endpoints(tx)
    return company, [_as_object(row) for row in rows]


async def _revoke(endpoint_id: str, tenant: str | None) -> dict[str, Any]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            return _as_object(await service.revoke_endpoint(tx, endpoint_id, actor=OPERATOR))


def _as_object(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.id,
        "rail": row.rail,
        "own_account": row.own_account,
        "since": row.created_at.isoformat(),
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }
