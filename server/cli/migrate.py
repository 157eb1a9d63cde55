"""Migration: is the database of this version, and the policy in force the one that came with it?"""

import typer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store import directory, subscribers, wires
from domain.store.engine import Role, connect
from domain.store.errors import as_fault
from domain.store.revision import HEAD, check_revision
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from policies.gate import activation
from server import wiring
from server.cli.context import perform, read_settings
from server.cli.render import answer, say
from server.settings import Settings

_CURABLE = {"SCHEMA_OLD", "SCHEMA_MISSING"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(migrate)


def migrate(
    as_json: bool = typer.Option(False, "--json", help="Answer with one JSON object."),
) -> None:
    """Bring database and policy to this version."""
    activated = perform(_migrate)
    if as_json:
        answer({"revision": HEAD, "policy_activated_for": activated})
        return
    say(f"The database is at revision {HEAD}.")
    for code in activated:
        say(f"The policy table is now in force for {code}.")


async def bring_to_head(settings: Settings) -> None:
    """Run the migrations that are missing, creating an absent embedded database.

    Afterwards the guards of the database open for the tools of this program and for no others.

    SCHEMA_NEW for a database that a newer program wrote; it is not touched.
    """
    from domain.store.migrations import runner  # Alembic is needed here alone

    wanted = wiring.wires()
    probe = connect(settings.database_url, role=Role.OWNER, pool_size=1)
    try:
        await check_revision(probe)
        if await wires.installed(probe) == wanted:
            return
    except Fault as fault:
        absent = fault.code == "DATABASE_MISSING" and settings.is_embedded
        # On PostgreSQL the role of the probe may not exist yet: the runner makes it.
        roleless = fault.code in {"DATABASE_ROLE_DENIED", "DATABASE_UNAVAILABLE"}
        if not (fault.code in _CURABLE or absent or (roleless and not settings.is_embedded)):
            raise
    except SQLAlchemyError:
        if settings.is_embedded:
            raise
    finally:
        await probe.close()
    try:
        await runner.migrate(settings.database_url, wanted)
    except (DBAPIError, OSError) as error:
        raise as_fault(error) from error


async def _migrate() -> list[str]:
    settings = read_settings()
    if settings.database_file is not None and not settings.database_file.exists():
        raise Fault(
            "DATABASE_MISSING",
            Kind.UNAVAILABLE,
            "There is no database where the settings point.",
            "run `cyberos init`, or correct CYBEROS_DATABASE_URL or CYBEROS_DATA_DIR.",
        )
    await bring_to_head(settings)
    catalogue = wiring.policy_to_activate(settings)
    database = await wiring.database(settings, Role.OWNER)
    activated = []
    try:
        for tenant_id, code in await directory.tenants(database):
            async with writing(database, tenant_id, wiring.clock(), viewer=SYSTEM) as tx:
                await subscribers.begin(tx, subscribers.subscriptions())
                if await activation.activate(tx, catalogue, OPERATOR):
                    activated.append(code)
    finally:
        await database.close()
    return activated
