"""Provisioning: how does a company come into being, and who is added to it later?

Each verb writes the rows and the audit entry that tells of them. Keys are made and kept by the
caller; only public keys and signatures come here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.identity import keys
from domain.identity import queries as identity_queries
from domain.identity import service as identity
from domain.identity.events import AgentAdded, AgentRevoked, KeyEnrolled, PersonAdded, PersonLeft
from domain.identity.keys import PrivateKey
from domain.kernel.text import line
from domain.payments import service as payments
from domain.payments.events import BankAccountAdded
from domain.payments.service import NewBankAccount
from domain.pipelines import service as pipelines
from domain.pipelines.templates import TEMPLATES
from domain.provisioning.events import Genesis
from domain.store.chain import Actor
from domain.store.tx import Tx

OPERATOR: Final = Actor("system", "operator")  # whoever may run commands on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Somebody who may decide: a checked e-mail address, a name, roles, and their key."""

    email: str
    name: str
    roles: tuple[str, ...]
    key: PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """All that a company begins with, but its agents; `checkpoint_key` is the id of a key."""

    code: str
    name: str
    locale: str
    time_zone: str
    base_currency: str
    people: Sequence[Enrolment]
    bank_accounts: Sequence[NewBankAccount] = ()
    deploy: str
    root: PrivateKey
    checkpoint_key: str


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Ids of what came into being: pipelines by template, people by e-mail address."""

    workspace_id: str
    pipeline_ids: Mapping[str, str]
    people: Mapping[str, str]
    bank_accounts: tuple[str, ...]


async def provision(tx: Tx, new: NewTenant) -> Provisioned:
    """Tenant, workspace, pipelines, people with endorsed keys, bank accounts, and the genesis.

    The bank accounts come before the first agent: from then on the database itself demands the
    signatures of a CFO and an admin for another one.
    """
    _genesis(new).record(tx, OPERATOR)
    await identity.add_tenant(
        tx,
        code=new.code,
        name=line(new.name, 200),
        locale=new.locale,
        time_zone=new.time_zone,
        base_currency=new.base_currency,
    )
    workspace = await identity.add_workspace(tx, code="main", name=line(new.name, 200))
    pipeline_ids = {
        template: (await pipelines.install_template(tx, workspace.id, template)).id
        for template in TEMPLATES
    }
    people = {
        one.email: await enrol(tx, one, workspace.id, deploy=new.deploy, root=new.root)
        for one in new.people
    }
    accounts = [await add_bank_account(tx, account) for account in new.bank_accounts]
    return Provisioned(workspace.id, pipeline_ids, people, tuple(accounts))


async def enrol(tx: Tx, new: Enrolment, workspace_id: str, *, deploy: str, root: PrivateKey) -> str:
    """A person, their roles, and their key endorsed by the root; an entry for each.

    The verifier knows roles from that entry alone. Raises PERSON_EXISTS, ROLE_UNKNOWN and
    KEY_UNSOUND.
    """
    person = await identity.add_person(
        tx,
        email=new.email,
        display_name=line(new.name, 200),
        roles=new.roles,
        workspaces=[workspace_id],
    )
    await identity.enrol_key(
        tx,
        person.id,
        key_id=new.key.key_id,
        public_key=new.key.public_key,
        label="made by cyberos",
        endorsed_by=root.key_id,
        endorsement=keys.endorse(
            root,
            deploy=deploy,
            tenant=tx.tenant_id,
            person=person.id,
            public_key=new.key.public_key,
        ),
    )
    PersonAdded.record(tx, person, new.roles, OPERATOR)
    KeyEnrolled(new.key.key_id, person.id, root.key_id).record(tx, OPERATOR)
    return person.id


async def leave(tx: Tx, person: identity_queries.PersonIdentity) -> None:
    """Take a person their roles and keys, now; an entry tells which, the first time."""
    roles, ended = await identity.leave(tx, person.id)
    if person.active:
        PersonLeft(person.id, tuple(roles), tuple(ended)).record(tx, OPERATOR)


async def add_bank_account(tx: Tx, new: NewBankAccount) -> str:
    """A bank account that the company begins with; its id.

    What is not in the id is committed to, so that it cannot change unseen.
    """
    account = await payments.add_bank_account(tx, new, added_by=f"{OPERATOR.kind}:{OPERATOR.id}")
    BankAccountAdded.of(account).record(tx, OPERATOR)
    return account.id


async def add_agent(
    tx: Tx,
    *,
    name: str,
    person_id: str,
    scopes: Sequence[str],
    expires_at: datetime,
    toolsets: Sequence[str] = (),
) -> tuple[Any, str]:
    """The row of a new agent, and its token in clear, which is in this answer and nowhere else."""
    agent, token = await identity.add_agent(
        tx,
        name=name,
        person_id=person_id,
        scopes=scopes,
        expires_at=expires_at,
        toolsets=toolsets,
    )
    AgentAdded.of(agent).record(tx, OPERATOR)
    return agent, token


async def revoke_agent(tx: Tx, name: str) -> Any:
    """The row of an agent whose token opens nothing any more; an entry tells of it once."""
    before = await identity_queries.agent_by_name(tx, name)
    was_valid = before is not None and before.revoked_at is None
    agent = await identity.revoke_agent(tx, name)
    if was_valid:
        AgentRevoked.record(tx, agent, OPERATOR)
    return agent


def _genesis(new: NewTenant) -> Genesis:
    return Genesis(
        deploy=new.deploy,
        root_key=new.root.key_id,
        root_public_key=new.root.public_key.hex(),
        checkpoint_key=new.checkpoint_key,
    )
