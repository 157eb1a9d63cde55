"""Deal sharing: its owner decides who sees a deal: all in the workspace, or people by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm.attributes import flag_modified

from domain.deals import queries, service
from domain.deals.cards import DealCard, card
from domain.deals.rules import Visibility, check_open, check_owner
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.store import outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True)
class Sharing:
    """A deal, the e-mail addresses of those listed on it, and what was different before."""

    deal: DealCard
    members: tuple[str, ...]
    changed: tuple[str, ...]


async def share(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    visibility: Visibility | None = None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    expected: service.Expected,
) -> Sharing:
    """Let the owner of an open deal say who sees it. People are e-mail addresses or ids.

    The owner always sees it: naming them changes nothing. Somebody who has left can be taken off,
    and not be put on.

    Raises NOT_FOUND, DEAL_CLOSED, NOT_OWNER, VERSION_CONFLICT, NOTHING_GIVEN, PERSON_UNKNOWN,
    PERSON_INACTIVE and MEMBER_CONFLICT (somebody is to be added and removed).
    """
    deal = await service.load(tx, deal_id, viewer, lock=True)
    check_open(deal.status)
    check_owner(deal.owner_id, viewer.person_id)
    await service.check_expected(tx, deal, expected)
    if visibility is None and not add and not remove:
        raise Fault(
            "NOTHING_GIVEN",
            Kind.INVALID,
            "The call names neither a visibility nor people.",
            "Give visibility, or people to add or remove.",
        )
    added = {await service.person_id_of(tx, reference) for reference in add} - {deal.owner_id}
    removed = {(await identity.find_person(tx, reference)).id for reference in remove} - {
        deal.owner_id
    }
    if both := added & removed:
        raise Fault(
            "MEMBER_CONFLICT",
            Kind.INVALID,
            "The same call adds and removes somebody.",
            "Name each person once.",
            {"person_ids": sorted(both)},
        )

    listed = set(await queries.member_ids(tx, deal.id))
    changed = []
    if visibility is not None and visibility.value != deal.visibility:
        deal.visibility = visibility.value
        changed.append("visibility")
    if added - listed or removed & listed:
        await service.share(tx, deal.id, added)
        await service.unshare(tx, deal.id, removed)
        changed.append("members")
    if changed:
        deal.updated_at = tx.at
        flag_modified(deal, "updated_at")  # who sees a deal is part of it: its version counts it
        await tx.flush()
        outbox.emit(
            tx,
            "deal.shared",
            deal_id=deal.id,
            visibility=deal.visibility,
            version=deal.version,
        )
    emails = await identity.emails(tx, (listed | added) - removed - {deal.owner_id})
    return Sharing(await card(tx, deal.id), tuple(sorted(emails.values())), tuple(changed))
