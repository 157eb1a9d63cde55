"""PostgreSQL commands: `cyberos postgres tenant-login TENANT` makes a login for one tenant.

With one login for all, whoever holds it can name any company of the database.
"""

import typer
from sqlalchemy import URL

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from domain.store.migrations import tenant_logins
from server.cli.context import opened, perform, the_company
from server.cli.key_files import KeyFiles, write_secret
from server.cli.render import answer, say

TENANT = typer.Argument(..., help="Code of the tenant.")
NAME = typer.Option("cyberos_serve", "--name", help="What the login is called before the @.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="PostgreSQL: logins for one tenant alone.")
    group.callback()(_group)
    group.command("tenant-login")(tenant_login)
    app.add_typer(group, name="postgres")


def _group() -> None:
    """Keep the name of the command although it is the only one."""


def tenant_login(tenant: str = TENANT, name: str = NAME, as_json: bool = JSON) -> None:
    """Make a login with which a machine serves agents of one tenant and can name no other.

    Its address with the password is written to a file for you alone: CYBEROS_DATABASE_URL there.
    """
    login, file = perform(lambda: _make(tenant, name))
    if as_json:
        answer({"login": login, "file": file})
        return
    say(f"The login {login} works for {tenant} alone.")
    say(f"Its address with the password is in {file}: CYBEROS_DATABASE_URL of that machine.")


async def _make(code: str, name: str) -> tuple[str, str]:
    async with opened(Role.OWNER) as context:
        if context.settings.is_embedded:
            raise Fault(
                "POSTGRES_NEEDED",
                Kind.CONFLICT,
                "The database is embedded, which knows no logins.",
                "docs/operating.md says how to run on PostgreSQL.",
            )
        company = await the_company(context, code)
        url: URL = context.database.url
        made = await tenant_logins.make(url, company.id, name)
        file = KeyFiles(context.settings).login(company.code, name)
    write_secret(file, f"{made.render_as_string(hide_password=False)}\n".encode())
    return str(made.username), str(file)
