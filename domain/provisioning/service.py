"""Provisioning: how does a company come into being, and who is added to it later?

Each verb writes the rows and the audit entry that tells of them. Keys are made and kept by the
caller; only public keys and signatures come here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.identity import grants, keys
from domain.identity import queries as identity_queries
from domain.identity import service as identity
from domain.identity.events import (
    AgentRevoked,
    KeyEnrolled,
    KeyRevoked,
    PersonAdded,
    PersonLeft,
    agent_terms,
)
from domain.identity.grants import KeyHolder, OperatorEnrolled, OperatorRevoked, Signature
from domain.identity.keys import PrivateKey
from domain.identity.service import ApproverKey as ApproverKey
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
    root: KeyHolder
    operator: PrivateKey
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
    await enrol_operator(tx, new.operator)
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
    people = {one.email: await enrol(tx, one, workspace.id) for one in new.people}
    accounts = [await add_bank_account(tx, account) for account in new.bank_accounts]
    return Provisioned(workspace.id, pipeline_ids, people, tuple(accounts))


async def enrol(tx: Tx, new: Enrolment, workspace_id: str) -> str:
    """A person, their roles, and their key, all signed by the root; an entry for each.

    The verifier knows roles from that entry alone. Raises PERSON_EXISTS, ROLE_UNKNOWN and
    KEY_UNSOUND.
    """
    person, signed = await identity.add_person(
        tx,
        email=new.email,
        display_name=line(new.name, 200),
        roles=new.roles,
        workspaces=[workspace_id],
    )
    PersonAdded.of(signed).record_person(tx, person, OPERATOR)
    await enrol_key(tx, person.id, new.key)
    return person.id


async def enrol_key(tx: Tx, person_id: str, key: PrivateKey) -> None:
    """A key of somebody, which the root vouches for, and the entry that tells of it."""
    by = grants.signer(tx)
    await identity.enrol_key(
        tx,
        person_id,
        key_id=key.key_id,
        public_key=key.public_key,
        label="made by cyberos",
        endorsed_by=by.key_id,
        endorsement=keys.endorse(
            by.key,
            deploy=by.deploy,
            tenant=tx.tenant_id,
            person=person_id,
            public_key=key.public_key,
        ),
    )
    KeyEnrolled(key.key_id, person_id, by.key_id).record(tx, OPERATOR)


async def leave(tx: Tx, person: identity_queries.PersonIdentity) -> None:
    """Take a person their roles and keys, now; an entry tells which, signed, the first time."""
    roles, ended = await identity.leave(tx, person.id)
    if person.active:
        told = PersonLeft.of(person.id, roles, ended)
        told.record(tx, OPERATOR, told.sign(tx))


async def revoke_key(tx: Tx, key: ApproverKey) -> None:
    """End a key of somebody who stays, now; an entry tells of it once."""
    if key.revoked_at is None:
        await identity.revoke_key(tx, key)
        told = KeyRevoked.of(key.key_id, key.person_id)
        told.record(tx, OPERATOR, told.sign(tx))


async def enrol_operator(tx: Tx, key: PrivateKey) -> None:
    """A key that may sign what operators decide; the root signs that, and an entry tells of it."""
    signature = await identity.enrol_operator(tx, key_id=key.key_id, public_key=key.public_key)
    OperatorEnrolled.of(key.key_id, key.public_key).record(tx, OPERATOR, signature)


async def rotate_operator(tx: Tx, key: PrivateKey) -> list[str]:
    """A new operator key in place of all others, signed by the root; the ids of those."""
    ended = await identity.revoke_operators(tx)
    for key_id in ended:
        told = OperatorRevoked.of(key_id)
        told.record(tx, OPERATOR, told.sign(tx))
    await enrol_operator(tx, key)
    return ended


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
    _tell_terms(tx, agent)
    return agent, token


async def renew_agent(tx: Tx, agent: Any, expires_at: datetime) -> str:
    """The new token of an agent in clear; the one before opens nothing any more."""
    token = await identity.renew_agent(tx, agent, expires_at)
    _tell_terms(tx, agent)
    return token


async def show_tools(tx: Tx, agent: Any, toolsets: Sequence[str]) -> None:
    """Let an agent be shown other sets of tools; none: the default set."""
    await identity.show_tools(tx, agent, toolsets)
    _tell_terms(tx, agent)


def _tell_terms(tx: Tx, agent: Any) -> None:
    signature = Signature(agent.signed_by, agent.signature)
    agent_terms(agent).record(tx, OPERATOR, signature)


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
        deploy=new.root.deploy,
        root_key=new.root.key_id,
        root_public_key=new.root.key.public_key.hex(),
        checkpoint_key=new.checkpoint_key,
    )
