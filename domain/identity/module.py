"""Identity as a module: companies, people with roles and keys, agents."""

from domain.identity import checks
from domain.identity.tables import (
    Agent,
    ApproverKey,
    OperatorKey,
    Person,
    PersonRole,
    Tenant,
    Workspace,
    WorkspaceMember,
)
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import final, fixed_but, never_deleted
from domain.store.schema import Base

_BY_OWNER = "people, roles and keys are written by the owner's commands alone"


def _edited_by_owner(why: str) -> Stored:
    return Stored(unguarded=why, ungranted=_BY_OWNER)


_PLAIN: dict[type[Base], Stored] = {
    Tenant: _edited_by_owner("what it is called is changed by an operator"),
    Workspace: _edited_by_owner("it is renamed by an operator"),
    Person: _edited_by_owner("names and addresses change; the chain holds every change"),
    WorkspaceMember: _edited_by_owner("people come and go; the chain holds every change"),
    PersonRole: _edited_by_owner("a role is taken away; the chain holds every change"),
}

MODULE = Module(
    name="identity",
    tables={
        **_PLAIN,
        ApproverKey: Stored(
            guards=(fixed_but("revoked_at"), final("revoked_at"), never_deleted()),
            ungranted=_BY_OWNER,
        ),
        OperatorKey: Stored(
            guards=(fixed_but("revoked_at"), final("revoked_at"), never_deleted()),
            ungranted=_BY_OWNER,
        ),
        Agent: Stored(
            unguarded="it is revoked by an operator; the chain holds every change",
            grants={Role.AGENT: Grant(update=("untrusted_read_at",))},
        ),
    },
    scopes=("core.read",),
    checks=(checks.agents,),
)
