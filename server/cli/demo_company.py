"""Demo company: how is it made, and thrown away again? `cyberos init --demo [--fresh]`.

The demo is for playing: its keys are opened in a fraction of a second (16 rounds of bcrypt where a
real key has 96), its passphrases lie in files beside them, and its tokens stand in demo.json. So
it never shares a data directory with a real company, and `--fresh` removes nothing but a demo.
"""

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from domain.identity.keys import Passphrase
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.payments.service import NewBankAccount
from domain.store import directory
from domain.store.engine import Role
from domain.store.tx import Tx
from fixtures.demo import company as demo
from fixtures.demo.company import Stock
from server import wiring
from server.cli import mcp_config
from server.cli.company_checks import checked
from server.cli.context import opened, perform, read_settings
from server.cli.key_files import KeyFiles, private_directory, replace_secret, write_secret
from server.cli.migrate import bring_to_head
from server.cli.provisioning import NewAgent, NewCompany, NewPerson, ProvisionedCompany, provision
from server.cli.render import answer, say
from server.settings import Settings

KDF_ROUNDS = 16  # a demo key protects nothing; real keys never have fewer than 64
TOKEN_DAYS = 90
_OURS = (
    "cyberos.db",
    "cyberos.db-shm",
    "cyberos.db-wal",
    "trust.json",
    "mcp.json",
    "keys",
    "root",
    "operator",
    "tokens",
    "checkpoints",
)


class _Made:
    """One company of the demo, from its facts to the ids of what it owns."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.id = new_id()
        self.stock = Stock()
        self.provisioned: ProvisionedCompany | None = None
        self.passphrases = {
            person["email"]: secrets.token_urlsafe(18) for person in facts["people"]
        }
        self.root_passphrase = secrets.token_urlsafe(18)
        self.operator_passphrase = secrets.token_urlsafe(18)

    def new(self) -> NewCompany:
        """What has to be provisioned."""
        return NewCompany(
            id=self.id,
            code=self.facts["code"],
            name=self.facts["name"],
            locale=self.facts["locale"],
            people=tuple(
                NewPerson(
                    email=person["email"],
                    name=person["name"],
                    roles=tuple(person["roles"]),
                    passphrase=Passphrase(self.passphrases[person["email"]]),
                )
                for person in self.facts["people"]
            ),
            agents=tuple(
                NewAgent(
                    name=agent["name"],
                    for_email=agent["for_email"],
                    scopes=tuple(agent["scopes"]),
                    days=TOKEN_DAYS,
                )
                for agent in self.facts["agents"]
            ),
            bank_accounts=tuple(
                NewBankAccount(**account, make_default=True)
                for account in self.facts["bank_accounts"]
            ),
            root_passphrase=Passphrase(self.root_passphrase),
            operator_passphrase=Passphrase(self.operator_passphrase),
            kdf_rounds=KDF_ROUNDS,
        )

    async def populate(self, tx: Tx, provisioned: ProvisionedCompany) -> None:
        """Write what the company owns."""
        self.stock = await demo.populate(
            tx, self.facts, workspace_id=provisioned.workspace_id, people=provisioned.people
        )


def init_demo(*, fresh: bool, as_json: bool) -> None:
    """Make the demo company, once; with `fresh`, make it anew."""
    settings = read_settings()
    key_files = KeyFiles(settings)
    private_directory(settings.data_dir)
    if fresh or (settings.is_embedded and _was_interrupted(key_files)):
        _throw_away(settings, key_files)
    exists = perform(lambda: _is_there(settings, key_files))
    if not exists:
        perform(lambda: _make(settings, key_files))
    if as_json:
        answer({"demo": str(key_files.demo), "created": not exists})
        return
    state = "is there already" if exists else "is ready"
    say(f"The demo company {state}. Tokens, people and ids: {key_files.demo}")
    say("Everything lies in this one folder, also the operator key and its passphrase, so commands")
    say("that it signs find both; a real company keeps them elsewhere.")


async def _is_there(settings: Settings, key_files: KeyFiles) -> bool:
    """Whether this is a whole demo; a Fault if it is half of one, or something else."""
    await bring_to_head(settings)
    async with opened(Role.OWNER, settings) as context:
        tenants = {tenant_id for tenant_id, _ in await directory.tenants(context.database)}
    listed = _listed_tenants(key_files)
    if not tenants and listed is None:
        return False
    if listed is None:
        raise Fault(
            "DATA_DIR_IN_USE",
            Kind.CONFLICT,
            "The database holds a real company, and no demo goes beside it.",
            "set CYBEROS_DATA_DIR (or CYBEROS_DATABASE_URL) to a place of its own.",
        )
    if tenants != listed:
        raise Fault(
            "DEMO_BROKEN",
            Kind.CONFLICT,
            "demo.json and the database do not belong together.",
            "`cyberos init --demo --fresh` makes both anew.",
        )
    return True


async def _make(settings: Settings, key_files: KeyFiles) -> None:
    catalogue = wiring.policy_to_activate(settings)
    made = [_Made(demo.read(name)) for name in demo.NAMES]
    # Whose these tenants are is written down before they exist, so that a demo that was cut off
    # half-way is never taken for a real company.
    begun = {"tenants": {one.facts["code"]: one.id for one in made}, "complete": False}
    replace_secret(key_files.demo, json.dumps(begun).encode())
    async with opened(Role.OWNER, settings) as context:
        for one in made:
            one.provisioned = await provision(
                context, checked(one.new()), catalogue, populate=one.populate
            )
    for one in made:
        _write_passphrases(key_files, one)
    first = made[0].provisioned
    assert first is not None
    mcp_config.write(settings, first.code, first.agents["cro_agent"][1])
    content = json.dumps(_contents(key_files, *made), ensure_ascii=False, indent=2) + "\n"
    replace_secret(key_files.demo, content.encode())


def _write_passphrases(key_files: KeyFiles, made: _Made) -> None:
    code = made.facts["code"]
    root = key_files.root_key(code).with_suffix(".passphrase")
    write_secret(root, f"{made.root_passphrase}\n".encode())
    assert made.provisioned is not None
    operator = made.provisioned.operator_key.with_suffix(".passphrase")
    write_secret(operator, f"{made.operator_passphrase}\n".encode())
    for email, passphrase in made.passphrases.items():
        write_secret(_passphrase_file(key_files, code, email), f"{passphrase}\n".encode())


def _passphrase_file(key_files: KeyFiles, code: str, email: str) -> Path:
    return key_files.approver_key(code, email).with_suffix(".passphrase")


def _contents(key_files: KeyFiles, ours: _Made, theirs: _Made) -> dict[str, Any]:
    """demo.json: the demo's own keys first, the second company under `other_tenant`."""
    first, second = _company(key_files, ours), _company(key_files, theirs)
    deals = {**first["deals"], "other_tenant": second["deals"]["other_tenant"]}
    return {
        **first,
        "deals": deals,
        "other_tenant": second,
        "tenants": {one["tenant"]["code"]: one["tenant"]["id"] for one in (first, second)},
        "data_dir": str(key_files.settings.data_dir),
    }


def _company(key_files: KeyFiles, made: _Made) -> dict[str, Any]:
    provisioned, facts = made.provisioned, made.facts
    assert provisioned is not None
    roles = {person["email"]: person["roles"] for person in facts["people"]}
    acting = {agent["name"]: agent for agent in facts["agents"]}
    return {
        "tenant": {"id": provisioned.tenant_id, "code": provisioned.code, "name": facts["name"]},
        "agents": {
            name: {
                "token": token_file.read_text(encoding="ascii").strip(),
                "token_file": str(token_file),
                "id": agent_id,
                "for": acting[name]["for_email"],
                "scopes": sorted(acting[name]["scopes"]),
            }
            for name, (agent_id, token_file) in provisioned.agents.items()
        },
        "people": {
            email: {
                "roles": roles[email],
                "key": str(key_file),
                "passphrase_file": str(_passphrase_file(key_files, provisioned.code, email)),
                "id": provisioned.people[email],
                "key_id": key_id,
            }
            for email, (key_id, key_file) in provisioned.person_keys.items()
        },
        "accounts": made.stock.accounts,
        "contacts": made.stock.contacts,
        "deals": made.stock.deals,
        "activities": made.stock.activities,
        "engagements": made.stock.engagements,
        "rails": made.stock.rails,
        "pipelines": dict(provisioned.pipeline_ids),
        "bank_accounts": list(provisioned.bank_accounts),
        "root_key": str(provisioned.root_key),
        "root_passphrase_file": str(provisioned.root_key.with_suffix(".passphrase")),
        "operator_key": str(provisioned.operator_key),
        "operator_passphrase_file": str(provisioned.operator_key.with_suffix(".passphrase")),
    }


def _listed_tenants(key_files: KeyFiles) -> set[str] | None:
    """The tenants that demo.json says it made; None without a demo.json."""
    if not key_files.demo.exists():
        return None
    try:
        return set(json.loads(key_files.demo.read_text(encoding="utf-8"))["tenants"].values())
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return set()


def _was_interrupted(key_files: KeyFiles) -> bool:
    if not key_files.demo.exists():
        return False
    try:
        return json.loads(key_files.demo.read_text(encoding="utf-8")).get("complete") is False
    except (ValueError, AttributeError, OSError):
        return False


def _throw_away(settings: Settings, key_files: KeyFiles) -> None:
    """Remove the demo. Refused unless everything there was made by `init --demo`."""
    if not any(settings.data_dir.iterdir()):
        return
    if not settings.is_embedded or settings.database_file != settings.data_dir / "cyberos.db":
        raise Fault(
            "NOT_A_DEMO",
            Kind.CONFLICT,
            "Only a demo inside its own data directory can be made anew.",
            "use an empty database and another CYBEROS_DATA_DIR.",
        )
    if not key_files.demo.exists() or not perform(
        lambda: _holds_only_the_demo(settings, key_files)
    ):
        raise Fault(
            "NOT_A_DEMO",
            Kind.CONFLICT,
            "This data directory is not, or not only, a demo; nothing was removed.",
            "set CYBEROS_DATA_DIR to the directory of a demo, or to an empty one.",
        )
    for name in _OURS:
        path = settings.data_dir / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    key_files.demo.unlink()


async def _holds_only_the_demo(settings: Settings, key_files: KeyFiles) -> bool:
    if settings.database_file is None or not settings.database_file.exists():
        return True
    try:
        async with opened(Role.OWNER, settings) as context:
            tenants = {tenant_id for tenant_id, _ in await directory.tenants(context.database)}
    except Fault as fault:
        if fault.code in {"SCHEMA_OLD", "SCHEMA_MISSING", "SCHEMA_NEW", "DATABASE_DAMAGED"}:
            return True  # demo.json vouches for it; a demo of another version is a demo too
        raise
    return tenants <= (_listed_tenants(key_files) or set())
