"""Deals service: deals come into being, are listed and moved. How they end stands in closing.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.contacts import service as contacts
from domain.deals import queries
from domain.deals.cards import DealCard, card
from domain.deals.queries import Filter
from domain.deals.rules import (
    Probability,
    Visibility,
    check_amount,
    check_open,
    probability_by_hand,
    probability_on_move,
)
from domain.deals.tables import Deal, DealMember, StageMove
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.kernel.ids import new_id
from domain.kernel.money import Money, currency_code
from domain.pipelines import queries as pipeline_queries
from domain.pipelines import service as pipelines
from domain.store import outbox
from domain.store.edits import check_version
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeal:
    """What a deal begins with. References to people are e-mail addresses or ids."""

    account_id: str
    name: str
    amount_minor: int = 0
    currency: str | None = None
    workspace: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    probability_pct: int | None = None
    expected_close_date: date | None = None
    primary_contact_id: str | None = None
    owner: str | None = None
    visibility: Visibility = Visibility.WORKSPACE
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the caller believes about a deal; what is given must be true."""

    version: int | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What becomes known about a deal on its way; None says nothing."""

    amount_minor: int | None = None
    expected_close_date: date | None = None
    primary_contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class MovedDeal:
    """A deal in its new stage, and the stage it came from."""

    deal: DealCard
    from_stage: str


_NOTHING = Details()


async def create(tx: Tx, viewer: Viewer, new: NewDeal, *, created_by: str) -> DealCard:
    """Open a deal in a workspace of the viewer, who owns it unless somebody else is named.

    Raises NOT_FOUND for account and contact, WORKSPACE_UNKNOWN, PIPELINE_UNKNOWN, STAGE_UNKNOWN,
    STAGE_TERMINAL, FIELDS_REQUIRED, PERSON_UNKNOWN, PERSON_INACTIVE, AMOUNT_INVALID,
    CURRENCY_UNKNOWN and PROBABILITY_INVALID.
    """
    money = await _worth(tx, new)
    if await accounts.get(tx, new.account_id) is None:
        raise account_service.unknown()
    if new.primary_contact_id is not None:
        await contacts.check_of_account(tx, new.primary_contact_id, new.account_id)
    workspaces = await _workspaces(tx, viewer, new.workspace)
    pipeline = await pipelines.find(tx, new.pipeline, workspaces)
    owner_id, listed = await _shared_with(tx, viewer, new)
    facts = {
        "amount_minor": money.minor,
        "expected_close_date": new.expected_close_date,
        "primary_contact_id": new.primary_contact_id,
        "owner_id": owner_id,
    }
    stage = pipelines.entry(pipeline, new.stage, facts)
    chance = (
        probability_on_move(stage.probability_pct)
        if new.probability_pct is None
        else probability_by_hand(new.probability_pct)
    )

    deal = Deal(
        id=new_id(),
        workspace_id=pipeline.pipeline.workspace_id,
        account_id=new.account_id,
        primary_contact_id=new.primary_contact_id,
        name=new.name,
        amount_minor=money.minor,
        currency=money.currency,
        pipeline_id=pipeline.pipeline.id,
        stage_id=stage.id,
        stage_entered_at=tx.at,
        probability_pct=chance.pct,
        probability_manual=chance.manual,
        expected_close_date=new.expected_close_date,
        status="open",
        visibility=new.visibility.value,
        owner_id=owner_id,
        created_at=tx.at,
        updated_at=tx.at,
    )
    tx.add(deal)
    await tx.flush()
    for person_id in sorted(listed):
        tx.add(DealMember(deal_id=deal.id, person_id=person_id))
    await tx.flush()
    await record_step(tx, deal.id, None, deal.stage_id, moved_by=created_by)
    outbox.emit(
        tx,
        "deal.created",
        deal_id=deal.id,
        account_id=deal.account_id,
        stage=stage.code,
        visibility=deal.visibility,
    )
    return await card(tx, deal.id)


async def get(tx: Tx, deal_id: str, viewer: Viewer) -> DealCard:
    """One deal, if it exists for the viewer. Raises NOT_FOUND."""
    return await card(tx, (await load(tx, deal_id, viewer)).id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which deals are sought, as people say it: pipeline and stage by id, code or name.

    `owner` is an e-mail address, an id or a name; amounts are in minor units of `currency`, the
    company's if it is left out.
    """

    account_id: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    status: str | None = None
    owner: str | None = None
    currency: str | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    closes_from: date | None = None
    closes_to: date | None = None


async def find(
    tx: Tx,
    viewer: Viewer,
    sought: Sought,
    *,
    columns: tuple[str, ...] = DealCard._fields,
    before: str | None = None,
    limit: int,
) -> tuple[Sequence[Any], bool]:
    """A page of deals as rows with these columns of DealCard, newest first; and are there more?

    Raises NOT_FOUND for the account, PIPELINE_UNKNOWN, STAGE_UNKNOWN and PERSON_UNKNOWN, so that a
    misspelt filter is not mistaken for an empty list.
    """
    wanted = await wanted_of(tx, viewer, sought)
    page = await queries.listed(tx, viewer, wanted, columns=columns, before=before, limit=limit + 1)
    return page[:limit], len(page) > limit


async def wanted_of(tx: Tx, viewer: Viewer, sought: Sought) -> Filter:
    """The rows that are meant. Raises what `find` raises."""
    if sought.account_id is not None and await accounts.get(tx, sought.account_id) is None:
        raise account_service.unknown()
    pipeline_ids = None
    if sought.pipeline is not None:
        found = await pipelines.named(tx, sought.pipeline, viewer.workspace_ids)
        pipeline_ids = tuple(one.id for one in found)
    currency = currency_code(sought.currency) if sought.currency is not None else None
    if currency is None and (sought.amount_from is not None or sought.amount_to is not None):
        currency = (await identity.tenant(tx)).base_currency
    stage_ids = None
    if sought.stage is not None:
        stage_ids = await pipelines.stages_named(tx, sought.stage, pipeline_ids)
    return Filter(
        account_id=sought.account_id,
        pipeline_ids=pipeline_ids,
        stage_ids=stage_ids,
        status=sought.status,
        owner_id=await person_id_of(tx, sought.owner) if sought.owner is not None else None,
        currency=currency,
        amount_from=sought.amount_from,
        amount_to=sought.amount_to,
        closes_from=sought.closes_from,
        closes_to=sought.closes_to,
    )


async def move(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    to_stage: str,
    reason: str | None,
    expected: Expected,
    moved_by: str,
    learnt: Details = _NOTHING,
) -> MovedDeal:
    """Bring an open deal to another open stage, whose default probability it takes.

    `learnt` fills in what was not known yet, so that a stage which needs it can be reached; what
    is known is not changed this way.

    Raises NOT_FOUND, DEAL_CLOSED, VERSION_CONFLICT, STAGE_CHANGED, ALREADY_KNOWN, AMOUNT_INVALID,
    STAGE_UNKNOWN, STAGE_TERMINAL (closing is another verb), STAGE_SAME,
    TRANSITION_NOT_ALLOWED, REASON_REQUIRED and FIELDS_REQUIRED; from STAGE_UNKNOWN on with the
    moves there are in `facts["allowed"]`.
    """
    deal = await load(tx, deal_id, viewer, lock=True)
    check_open(deal.status)
    await check_expected(tx, deal, expected)
    facts = await _with_details(tx, deal, learnt)
    step = await pipelines.plan_move(
        tx,
        deal.pipeline_id,
        from_stage_id=deal.stage_id,
        to_stage=to_stage,
        reason=reason,
        deal_facts=facts,
    )
    chance = probability_on_move(step.end.probability_pct)

    left = Probability(deal.probability_pct, deal.probability_manual)
    deal.amount_minor = facts["amount_minor"]
    deal.expected_close_date = facts["expected_close_date"]
    deal.primary_contact_id = facts["primary_contact_id"]
    deal.stage_id = step.end.id
    deal.stage_entered_at = tx.at
    deal.probability_pct, deal.probability_manual = chance.pct, chance.manual
    deal.updated_at = tx.at
    await record_step(
        tx, deal.id, step.start.id, step.end.id, reason=reason, moved_by=moved_by, left=left
    )
    outbox.emit(
        tx,
        "deal.stage_moved",
        deal_id=deal.id,
        from_stage=step.start.code,
        to_stage=step.end.code,
        version=deal.version,
        visibility=deal.visibility,
    )
    return MovedDeal(await card(tx, deal.id), step.start.code)


async def share(tx: Tx, deal_id: str, person_ids: Iterable[str]) -> None:
    """List people on a deal, who then see it although it is private."""
    there = {row.person_id: row for row in await queries.memberships(tx, deal_id)}
    for person_id in sorted(set(person_ids)):
        if person_id in there:
            there[person_id].removed_at = None
        else:
            tx.add(DealMember(deal_id=deal_id, person_id=person_id))
    await tx.flush()


async def unshare(tx: Tx, deal_id: str, person_ids: Iterable[str]) -> None:
    """Take people off a deal. That they were on it stays known."""
    gone = set(person_ids)
    for row in await queries.memberships(tx, deal_id):
        if row.person_id in gone and row.removed_at is None:
            row.removed_at = tx.at
    await tx.flush()


async def load(tx: Tx, deal_id: str, viewer: Viewer, *, lock: bool = False) -> Deal:
    """The row of a deal that exists for the viewer. Raises NOT_FOUND."""
    deal = await queries.get(tx, deal_id, viewer, lock=lock)
    if deal is None:
        raise _unknown()
    return deal


def _unknown() -> Fault:
    return Fault(
        "NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such deal.",
        "Look the id up with {deals}.",
    )


async def check_expected(tx: Tx, deal: Deal, expected: Expected) -> None:
    """Raises VERSION_CONFLICT or STAGE_CHANGED when the caller's picture is an old one."""
    check_version(expected.version, deal.version, "deal", "{deal}")
    if expected.stage is None or expected.stage == deal.stage_id:
        return
    shown = (await pipeline_queries.labels(tx, [deal.stage_id]))[deal.stage_id]
    stage = shown.stage
    if expected.stage.strip().lower() != stage and fold(expected.stage) not in {
        fold(name) for name in (stage, shown.stage_vi, shown.stage_en)
    }:
        raise Fault(
            "STAGE_CHANGED",
            Kind.CONFLICT,
            f"The deal stands in {stage} now.",
            "Read it again with {deal} and decide anew.",
            {"stage": stage, "version": deal.version},
        )


async def record_step(
    tx: Tx,
    deal_id: str,
    from_stage_id: str | None,
    to_stage_id: str,
    *,
    moved_by: str,
    reason: str | None = None,
    left: Probability | None = None,
    undoes: int | None = None,
) -> None:
    """Write the step that a deal has just taken into its history; from nowhere if it is new.

    `left` is the chance it had before, for a step that may be taken back.
    """
    tx.add(
        StageMove(
            deal_id=deal_id,
            n=await queries.last_step(tx, deal_id) + 1,
            from_stage_id=from_stage_id,
            to_stage_id=to_stage_id,
            reason=reason,
            moved_by=moved_by,
            at=tx.at,
            undoes=undoes,
            from_probability_pct=left.pct if left else None,
            from_probability_manual=left.manual if left else None,
        )
    )
    await tx.flush()


async def _with_details(tx: Tx, deal: Deal, learnt: Details) -> Mapping[str, Any]:
    """What is known about the deal once the details are in it."""
    known: dict[str, Any] = {
        "amount_minor": deal.amount_minor,
        "expected_close_date": deal.expected_close_date,
        "primary_contact_id": deal.primary_contact_id,
    }
    given = {name: getattr(learnt, name) for name in known if getattr(learnt, name) is not None}
    if fixed := [name for name in given if known[name] and known[name] != given[name]]:
        raise Fault(
            "ALREADY_KNOWN",
            Kind.CONFLICT,
            f"The deal has {', '.join(fixed)} already, and another value was given.",
            f"Leave {', '.join(fixed)} out; a move only fills in what is missing.",
            {"fields": fixed},
        )
    if "amount_minor" in given:
        check_amount(given["amount_minor"], deal.currency)
    if "primary_contact_id" in given:
        await contacts.check_of_account(tx, given["primary_contact_id"], deal.account_id)
    return {**known, **given, "owner_id": deal.owner_id}


async def _worth(tx: Tx, new: NewDeal) -> Money:
    currency = new.currency or (await identity.tenant(tx)).base_currency
    return check_amount(new.amount_minor, currency)


async def _workspaces(tx: Tx, viewer: Viewer, reference: str | None) -> tuple[str, ...]:
    """The viewer's workspaces, or the one of them that is named by id or code."""
    if reference is None or reference in viewer.workspace_ids:
        return viewer.workspace_ids if reference is None else (reference,)
    by_reference = {
        one.code: one.id for one in await identity.workspaces(tx) if one.id in viewer.workspace_ids
    }
    if reference not in by_reference:
        raise Fault(
            "WORKSPACE_UNKNOWN",
            Kind.NOT_FOUND,
            "You are in no such workspace.",
            f"Your workspaces are {', '.join(by_reference)}."
            if by_reference
            else "Ask to be added to one.",
            {"workspaces": list(by_reference)},
        )
    return (by_reference[reference],)


async def _shared_with(tx: Tx, viewer: Viewer, new: NewDeal) -> tuple[str, set[str]]:
    """Who owns the deal, and who else is listed on it."""
    owner_id = viewer.person_id
    if new.owner is not None:
        owner_id = await person_id_of(tx, new.owner)
    listed = {await person_id_of(tx, reference) for reference in new.shared_with}
    if new.visibility is Visibility.PRIVATE:
        listed.add(viewer.person_id)  # nobody makes a deal that they cannot see
    return owner_id, listed - {owner_id}


async def person_id_of(tx: Tx, reference: str) -> str:
    """Who is meant by an e-mail address or id. Raises PERSON_UNKNOWN and PERSON_INACTIVE."""
    return (await identity.find_owner(tx, reference)).id
