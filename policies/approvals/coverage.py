"""Signing coverage: is there somebody who can sign, for everything that needs a signature?

A slot that nobody can fill is found out when an invoice has to be cancelled on the last day of the
month. So doctor asks beforehand, with the people, roles and keys of now: can every slot of every
tool be filled by a person of its own, also when the one who asks may not sign?
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.identity import queries as identity
from domain.identity.queries import PersonIdentity
from domain.identity.tables import Agent
from domain.store.tx import Tx
from policies.approvals import trust
from policies.gate.catalogue import Catalogue, Slot, ToolPolicy


@dataclass(frozen=True, slots=True)
class Signers:
    """Who there is: `able` are active people with a key that counts, by their id."""

    people: Mapping[str, PersonIdentity]
    able: Mapping[str, frozenset[str]]


def missing_roles(catalogue: Catalogue, held: Iterable[str]) -> list[str]:
    """Roles that some signature needs and nobody holds, so that nobody waits for them in vain."""
    there = set(held)
    slots = [
        slot
        for row in catalogue.tool
        for slot in (*row.slots, *(slot for step in row.escalate for slot in step.slots))
    ]
    return sorted({role for slot in slots if not there & set(slot.roles) for role in slot.roles})


async def signers(tx: Tx, trusted: trust.Trust) -> Signers:
    """Everybody of the tenant, and who of them could sign at this moment."""
    people, keys = await identity.people(tx), await identity.standing_keys(tx)
    with_key = {
        key.person_id
        for key in keys.values()
        if key.revoked_at is None and trust.endorsed(key, trusted, tx.tenant_id)
    }
    able = {
        person.id: person.roles
        for person in people.values()
        if person.active and person.id in with_key
    }
    return Signers(people, able)


def gaps(catalogue: Catalogue, there: Signers) -> Iterator[str]:
    """A sentence for every signature that nobody could give, whoever asks."""
    for policy in catalogue.tool:
        for slots in _sets(policy):
            lonely = [slot for slot in slots if not _candidates(slot, there)]
            if lonely:
                # An escalation asks for the slots of every call too: say each of them once.
                first = slots is policy.slots
                yield from (
                    _nobody(policy, slot, there)
                    for slot in lonely
                    if first or slot not in policy.slots
                )
                continue
            if not _fillable(slots, there, policy, asking=None):
                yield (
                    f"{policy.id} needs {len(slots)} people ({_names(slots)}), and the same person "
                    "is the only one for more than one of these signatures."
                )


def stuck(catalogue: Catalogue, there: Signers, agents: Sequence[Agent]) -> Iterator[str]:
    """A sentence for what each of these agents could ask for in vain, though others could not."""
    for policy in catalogue.tool:
        for slots in _sets(policy):
            if _fillable(slots, there, policy, asking=None):
                yield from _stuck_agents(policy, slots, there, agents)


def _sets(policy: ToolPolicy) -> Iterator[tuple[Slot, ...]]:
    """The slots a call may need: those of every call, then with each escalation."""
    if policy.slots:
        yield policy.slots
    for step in policy.escalate:
        yield (*policy.slots, *step.slots)


def _stuck_agents(
    policy: ToolPolicy, slots: Sequence[Slot], there: Signers, agents: Sequence[Agent]
) -> Iterator[str]:
    for agent in agents:
        if policy.scope not in agent.scopes:
            continue
        if not _fillable(slots, there, policy, asking=agent.person_id):
            person = there.people.get(agent.person_id)
            email = person.email if person else "somebody unknown"
            yield (
                f"What {agent.name} asks for with {policy.id} could not be approved: it acts for "
                f"{email}, who may not sign their own requests and is needed for one of "
                f"{_names(slots)}."
            )


def _fillable(
    slots: Sequence[Slot],
    there: Signers,
    policy: ToolPolicy,
    *,
    asking: str | None,
    used: Collection[str] = (),
) -> bool:
    """Whether each slot can have a person of its own. There are a handful of slots at most."""
    if not slots:
        return True
    first, *rest = slots
    for person_id in _candidates(first, there):
        is_requester = person_id == asking
        may = not is_requester or (policy.self == "obo" and first.self != "never")
        if person_id in used or not may:
            continue
        if _fillable(rest, there, policy, asking=asking, used=(*used, person_id)):
            return True
    return False


def _candidates(slot: Slot, there: Signers) -> list[str]:
    return [id for id, roles in there.able.items() if not roles.isdisjoint(slot.roles)]


def _nobody(policy: ToolPolicy, slot: Slot, there: Signers) -> str:
    roles = " or ".join(slot.roles)
    holders = [
        person.email
        for person in there.people.values()
        if person.active and not person.roles.isdisjoint(slot.roles)
    ]
    if holders:
        who = ", ".join(sorted(holders))
        return f"Nobody can sign as {roles} for {policy.id}: {who} has no key that counts."
    return f"Nobody can sign as {roles} for {policy.id}: nobody active holds the role."


def _names(slots: Sequence[Slot]) -> str:
    return ", ".join(slot.slot for slot in slots)
