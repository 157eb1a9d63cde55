"""Provisioning of a company: keys first, then one transaction with everything in it.

A provisioning that fails, or is interrupted, leaves no tenant and none of its files behind. The
bank account is written before the first agent: from then on the database itself demands the
signatures of a CFO and an admin for another one.
"""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from domain.identity import keys
from domain.identity.grants import KeyHolder
from domain.identity.keys import Passphrase, PrivateKey
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.text import line
from domain.payments.service import NewBankAccount
from domain.provisioning import service as provisioning
from domain.provisioning.service import OPERATOR, Enrolment, NewTenant, Provisioned
from domain.store import checkpoints, directory
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from policies.approvals import trust
from policies.approvals.trust import Trust
from policies.gate import activation
from policies.gate.catalogue import Catalogue
from server.cli.context import CliContext
from server.cli.key_files import (
    KeyFiles,
    Rollback,
    private_directory,
    undone_on_failure,
    write_secret,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who may decide, and the passphrase that will open their key."""

    email: str
    name: str
    roles: tuple[str, ...]
    passphrase: Passphrase


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgent:
    """A program that may propose, for one of the people."""

    name: str
    for_email: str
    scopes: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompany:
    """All that a company begins with."""

    code: str
    name: str
    people: tuple[NewPerson, ...]
    agents: tuple[NewAgent, ...]
    root_passphrase: Passphrase
    operator_passphrase: Passphrase
    bank_accounts: tuple[NewBankAccount, ...] = ()
    locale: str = "vi"
    time_zone: str = "Asia/Ho_Chi_Minh"
    base_currency: str = "VND"
    kdf_rounds: int = keys.KDF_ROUNDS
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class ProvisionedCompany:
    """What came into being, by the names people gave it, and where its secrets lie."""

    tenant_id: str
    code: str
    workspace_id: str
    root_key: Path
    operator_key: Path
    pipeline_ids: Mapping[str, str]
    people: Mapping[str, str]
    person_keys: Mapping[str, tuple[str, Path]]
    agents: Mapping[str, tuple[str, Path]]
    bank_accounts: tuple[str, ...]


Populate = Callable[[Tx, ProvisionedCompany], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _NewKeys:
    """The keys of a new company, already in their files."""

    root: PrivateKey
    operator: PrivateKey
    people: Mapping[str, PrivateKey]
    checkpoint_id: str


async def provision(
    context: CliContext, new: NewCompany, catalogue: Catalogue, *, populate: Populate | None = None
) -> ProvisionedCompany:
    """Bring a checked company into being. TENANT_EXISTS if its code is taken.

    `populate` adds what the company already has (the demo's customers and deals) in the same
    transaction, before the first agent: from then on the database demands signatures for some.
    """
    key_files = KeyFiles(context.settings)
    if new.code in {code for _, code in await directory.tenants(context.database)}:
        raise directory.code_taken()
    trusted = _trust(context.settings.trust_file, await directory.deployment(context.database))
    with undone_on_failure() as rollback:
        made = _make_keys(key_files, new, trusted.deploy, rollback)
        rollback.then(_trust_as_it_was(context.settings.trust_file, trusted))
        roots = {**trusted.roots, new.id: made.root.public_key}
        trust.store(context.settings.trust_file, Trust(trusted.deploy, roots))
        root = KeyHolder(trusted.deploy, made.root)
        async with writing(
            context.database, new.id, context.clock, viewer=SYSTEM, signer=root
        ) as tx:
            await directory.register(tx, new.code)
            await directory.name_deployment(tx, trusted.deploy)
            provisioned = await provisioning.provision(tx, _tenant(new, root, made))
            company = _as_provisioned(new, key_files, made, provisioned)
            await activation.activate(tx, catalogue, OPERATOR)
            if populate is not None:
                await populate(tx, company)
            company = await _add_agents(tx, key_files, new, company, rollback)
    return company


def _trust(file: Path, deploy: str | None) -> Trust:
    """This installation's id and roots; TRUST_MISMATCH if database and file disagree."""
    if deploy is None and not file.exists():
        return Trust(new_id(), {})
    known = trust.load(file)
    if deploy is not None and deploy != known.deploy:
        raise Fault(
            "TRUST_MISMATCH",
            Kind.CONFLICT,
            "The trust file belongs to another installation than the database.",
            "set CYBEROS_TRUST_FILE and CYBEROS_DATA_DIR to those of this database.",
        )
    return known


def _trust_as_it_was(file: Path, trusted: Trust) -> Callable[[], None]:
    if not file.exists():
        return lambda: file.unlink(missing_ok=True)
    return lambda: trust.store(file, trusted)


def _make_keys(key_files: KeyFiles, new: NewCompany, deploy: str, rollback: Rollback) -> _NewKeys:
    """Every private key into its file, before any transaction: each costs a second on purpose."""
    keys_dir = key_files.settings.keys_dir
    private_directory(keys_dir)
    if not (keys_dir / checkpoints.KEY_FILE).exists():
        rollback.remove(keys_dir / checkpoints.KEY_FILE)
    checkpoint = checkpoints.ensure_key(keys_dir, deploy)
    root, operator = keys.generate(), keys.generate()
    of_operator = key_files.operator_key(new.code, operator.key_id)
    jobs = [
        (root, key_files.root_key(new.code), new.root_passphrase),
        (operator, of_operator, new.operator_passphrase),
    ]
    people: dict[str, PrivateKey] = {}
    for person in new.people:
        key = people[_email(person.email)] = keys.generate()
        jobs.append(
            (key, key_files.approver_key(new.code, _email(person.email)), person.passphrase)
        )
    for _, path, _ in jobs:
        private_directory(path.parent)
        if path.exists():
            raise _left_over(path)
        rollback.remove(path)
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done in [
            pool.submit(keys.save, key, path, passphrase, kdf_rounds=new.kdf_rounds)
            for key, path, passphrase in jobs
        ]:
            done.result()
    return _NewKeys(root, operator, people, keys.key_id(checkpoint.public.raw))


def _tenant(new: NewCompany, root: KeyHolder, made: _NewKeys) -> NewTenant:
    return NewTenant(
        code=new.code,
        name=new.name,
        locale=new.locale,
        time_zone=new.time_zone,
        base_currency=new.base_currency,
        people=[
            Enrolment(email=email, name=person.name, roles=person.roles, key=made.people[email])
            for person in new.people
            for email in [_email(person.email)]
        ],
        bank_accounts=new.bank_accounts,
        root=root,
        operator=made.operator,
        checkpoint_key=made.checkpoint_id,
    )


def _as_provisioned(
    new: NewCompany, key_files: KeyFiles, made: _NewKeys, provisioned: Provisioned
) -> ProvisionedCompany:
    return ProvisionedCompany(
        tenant_id=new.id,
        code=new.code,
        workspace_id=provisioned.workspace_id,
        root_key=key_files.root_key(new.code),
        operator_key=key_files.operator_key(new.code, made.operator.key_id),
        pipeline_ids=provisioned.pipeline_ids,
        people=provisioned.people,
        person_keys={
            email: (key.key_id, key_files.approver_key(new.code, email))
            for email, key in made.people.items()
        },
        agents={},
        bank_accounts=provisioned.bank_accounts,
    )


async def _add_agents(
    tx: Tx, key_files: KeyFiles, new: NewCompany, company: ProvisionedCompany, rollback: Rollback
) -> ProvisionedCompany:
    agents: dict[str, tuple[str, Path]] = {}
    for wanted in new.agents:
        agent, clear = await provisioning.add_agent(
            tx,
            name=line(wanted.name, 64),
            person_id=company.people[_email(wanted.for_email)],
            scopes=wanted.scopes,
            expires_at=tx.at + timedelta(days=wanted.days),
        )
        path = key_files.token(new.code, agent.name)
        write_secret(path, f"{clear}\n".encode())
        rollback.remove(path)
        agents[agent.name] = (agent.id, path)
    return replace(company, agents=agents)


def _email(typed: str) -> str:
    return email_address(typed).lower()


def _left_over(path: Path) -> Fault:
    return Fault(
        "KEY_EXISTS",
        Kind.CONFLICT,
        f"There is already a key {path}.",
        "an earlier init was interrupted there; move its files away and run the command again.",
    )
