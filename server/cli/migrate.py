"""Migration: is the database of this version, and the policy in force the one that came with it?"""

from pathlib import Path

import typer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.identity import keys
from domain.identity.grants import KeyHolder
from domain.identity.keys import PrivateKey
from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store import directory, schema_check, subscribers, wires
from domain.store.engine import Role, connect
from domain.store.errors import as_fault
from domain.store.revision import HEAD, check_revision
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from policies.gate import activation, shipped
from policies.gate.catalogue import Catalogue
from server import wiring
from server.cli.context import perform, read_settings
from server.cli.key_files import KeyFiles
from server.cli.missing_answers import from_file, passphrase
from server.cli.render import answer, say
from server.cli.signing import ROOT_PASSPHRASE
from server.settings import Settings

_CURABLE = {"SCHEMA_OLD", "SCHEMA_MISSING"}


ROOT_KEY = typer.Option(
    None, "--root-key", help="Signs a policy of your own; one that is shipped needs none."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(migrate)


def migrate(
    root_key: Path | None = ROOT_KEY,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    as_json: bool = typer.Option(False, "--json", help="Answer with one JSON object."),
) -> None:
    """Bring database and policy to this version."""
    root = _opened_root(root_key, root_passphrase_file)
    activated = perform(lambda: _migrate(root))
    if as_json:
        answer({"revision": HEAD, "policy_activated_for": activated})
        return
    say(f"The database is at revision {HEAD}.")
    for code in activated:
        say(f"The policy table is now in force for {code}.")


async def bring_to_head(settings: Settings) -> None:
    """Run the migrations that are missing, creating an absent embedded database.

    Afterwards the guards of the database open for the tools of this program and for no others, and
    each role may do what this program lets it.

    SCHEMA_NEW for a database that a newer program wrote; it is not touched.
    """
    from domain.store.migrations import runner  # Alembic is needed here alone

    wanted = wiring.wires()
    probe = connect(settings.database_url, role=Role.OWNER, pool_size=1)
    try:
        await check_revision(probe)
        if await wires.installed(probe) == wanted and not (await schema_check.look(probe)).changed:
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


def _opened_root(file: Path | None, passphrase_file: Path | None) -> PrivateKey | None:
    """The root key, if one is given."""
    if file is None:
        return None
    question = "Passphrase of the root key"
    return keys.load(file, passphrase(passphrase_file, question, flag="--root-passphrase-file"))


async def _migrate(root: PrivateKey | None) -> list[str]:
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
    activated, unsigned = [], []
    deploy = database.trust.deploy if database.trust is not None else ""
    try:
        for tenant_id, code in await directory.tenants(database):
            key = root if root is not None else _of_the_demo(settings, code)
            signer = KeyHolder(deploy, key) if key is not None else None
            async with writing(
                database, tenant_id, wiring.clock(), viewer=SYSTEM, signer=signer
            ) as tx:
                await subscribers.begin(tx, subscribers.subscriptions())
                if not _may_sign(tx, key, catalogue):
                    unsigned.append(code)
                elif await activation.activate(tx, catalogue, OPERATOR):
                    activated.append(code)
    finally:
        await database.close()
    if unsigned:
        raise Fault(
            "POLICY_UNSIGNED",
            Kind.FORBIDDEN,
            f"This policy is your own, so the root key signs it; {', '.join(unsigned)} keeps "
            "the one before.",
            "run `cyberos migrate --root-key FILE` with the root key of each tenant.",
        )
    return activated


def _of_the_demo(settings: Settings, code: str) -> PrivateKey | None:
    """The demo's root key, which lies in its one folder with its passphrase."""
    files = KeyFiles(settings)
    file = files.root_key(code)
    beside = file.with_suffix(".passphrase")
    there = files.demo.is_file() and file.is_file() and beside.is_file()
    return keys.load(file, from_file(beside)) if there else None


def _may_sign(tx: Tx, root: PrivateKey | None, catalogue: Catalogue) -> bool:
    """Whether this table is shipped, or the key at hand is the root of this tenant."""
    pinned = tx.trust.roots.get(tx.tenant_id) if tx.trust is not None else None
    return catalogue.sha256 in shipped.digests() or (root is not None and root.public_key == pinned)
