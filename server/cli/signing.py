"""Signing of grants: which key signs what an operator decides, and where does it lie?

The key of operators, or the root: given by --key, or where `cyberos init` put it as long as nobody
has carried it away. In a demo its passphrase lies beside it, so that nothing has to be typed.
"""

from dataclasses import dataclass
from pathlib import Path

import typer

from domain.identity import keys
from domain.identity import queries as identity
from domain.identity.grants import KeyHolder
from domain.kernel.faults import Fault, Kind
from domain.store import directory
from domain.store.engine import Role
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from policies.approvals import trust
from server.cli.context import CliContext, Company, opened, perform, the_company
from server.cli.key_files import KeyFiles
from server.cli.missing_answers import passphrase
from server.cli.render import say
from server.settings import Settings

KEY = typer.Option(
    None, "--key", help="The operator key (or the root key) that signs this; as init left it."
)
PASSPHRASE = typer.Option(None, "--passphrase-file", help="File with the passphrase of that key.")
ROOT_KEY = typer.Option(..., "--root-key", help="The root key of the tenant, from its safe place.")
ROOT_PASSPHRASE = typer.Option(
    None, "--root-passphrase-file", help="File with the passphrase of the root key."
)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where something is signed: the company, the root that is pinned for it, live operators."""

    settings: Settings
    company: Company
    deploy: str
    root: bytes
    operators: tuple[str, ...] = ()


async def ground_of(context: CliContext, tenant: str | None) -> Ground:
    """The company and its root; TRUST_MISMATCH if the trust file is another installation's."""
    company = await the_company(context, tenant)
    trusted = trust.load(context.settings.trust_file)
    root = trusted.roots.get(company.id)
    if root is None or trusted.deploy != await directory.deployment(context.database):
        raise Fault(
            "TRUST_MISMATCH",
            Kind.CONFLICT,
            "The trust file has no root key for this company of this installation.",
            "set CYBEROS_TRUST_FILE to the one of this database.",
        )
    async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
        known = await identity.operator_keys(tx)
    live = tuple(one.key_id for one in known if one.revoked_at is None)
    return Ground(context.settings, company, trusted.deploy, root, live)


def root_of(ground: Ground, file: Path, passphrase_file: Path | None) -> KeyHolder:
    """The root key, opened; ROOT_KEY_WRONG for any other."""
    question = "Passphrase of the root key"
    secret = passphrase(passphrase_file, question, flag="--root-passphrase-file")
    root = keys.load(file, secret)
    if root.public_key != ground.root:
        raise Fault(
            "ROOT_KEY_WRONG",
            Kind.FORBIDDEN,
            f"This is not the root key of {ground.company.code}, so its word counts for nothing.",
            f"give the key whose id is {keys.key_id(ground.root)}; trust.json pins it.",
        )
    return KeyHolder(ground.deploy, root)


def operator(
    tenant: str | None, key: Path | None, passphrase_file: Path | None, *, quiet: bool
) -> KeyHolder:
    """Whoever signs a command of an operator. Asks for the passphrase, so outside of any loop.

    Raises OPERATOR_KEY_REQUIRED, OPERATOR_KEY_WRONG, and what opening a key file raises.
    """
    ground = perform(lambda: ground_for(tenant))
    file = key or _left_by_init(ground)
    beside = file.with_suffix(".passphrase")
    is_demo = KeyFiles(ground.settings).demo.is_file()
    if passphrase_file is None and is_demo and beside.is_file():
        passphrase_file = beside
        if not quiet:
            say(f"Signed with the demo's operator key, {file}.", err=True)
    secret = passphrase(passphrase_file, "Passphrase of the operator key", flag="--passphrase-file")
    opened_key = keys.load(file, secret)
    if opened_key.public_key != ground.root and opened_key.key_id not in ground.operators:
        raise Fault(
            "OPERATOR_KEY_WRONG",
            Kind.FORBIDDEN,
            f"This is no operator key of {ground.company.code}, so its word counts for nothing.",
            f"give the key whose id is {' or '.join(ground.operators) or 'made anew'};"
            " `cyberos operator rotate` makes another with the root key.",
        )
    return KeyHolder(ground.deploy, opened_key)


async def ground_for(tenant: str | None) -> Ground:
    """The same, for a command that opens the database for nothing else yet."""
    async with opened(Role.OWNER) as context:
        return await ground_of(context, tenant)


def _left_by_init(ground: Ground) -> Path:
    files = KeyFiles(ground.settings)
    for key_id in ground.operators:
        file = files.operator_key(ground.company.code, key_id)
        if file.is_file():
            return file
    raise Fault(
        "OPERATOR_KEY_REQUIRED",
        Kind.FORBIDDEN,
        "This decides who has to sign, so the operator key signs it; it does not lie here.",
        "give it with --key; the root key can sign it too.",
    )
