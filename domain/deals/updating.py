"""Deal updates: what is known about an open deal is corrected; moving and sharing are elsewhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from domain.contacts import service as contacts
from domain.deals import service
from domain.deals.cards import DealCard, card
from domain.deals.rules import (
    check_amount,
    check_open,
    check_owner,
    probability_by_hand,
    probability_on_move,
)
from domain.deals.tables import Deal
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.pipelines import service as pipelines
from domain.store import edits, outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer

_PLAIN = ("name", "expected_close_date", "primary_contact_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class DealChanges:
    """The fields to set; None leaves a field alone. A currency comes with its amount.

    `owner` is an e-mail address or id.
    """

    name: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    probability_pct: int | None = None
    expected_close_date: date | None = None
    primary_contact_id: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class UpdatedDeal:
    """The deal as it is now, and the fields that were something else before."""

    deal: DealCard
    changed: tuple[str, ...]


async def update(
    tx: Tx,
    deal_id: str,
    changes: DealChanges,
    *,
    viewer: Viewer,
    clear: tuple[str, ...] = (),
    expected: service.Expected,
) -> UpdatedDeal:
    """Change fields of an open deal, all of them or none; those in `clear` become empty.

    Without a chance of its own a deal has that of its stage. Whoever owned a deal stays listed
    on it.

    Raises NOTHING_GIVEN, CLEAR_CONFLICT, NOT_FOUND, DEAL_CLOSED, VERSION_CONFLICT, STAGE_CHANGED,
    AMOUNT_NEEDED, AMOUNT_INVALID, CURRENCY_UNKNOWN, PROBABILITY_INVALID, PERSON_UNKNOWN,
    PERSON_INACTIVE, NOT_OWNER and FIELDS_REQUIRED (the stage it stands in needs the field).
    """
    values = edits.wanted(asdict(changes), clear)
    deal = await service.load(tx, deal_id, viewer, lock=True)
    check_open(deal.status)
    await service.check_expected(tx, deal, expected)
    fields = {name: {name: values[name]} for name in _PLAIN if name in values}
    fields.update(_worth(deal, values))
    stage = (await pipelines.shape(tx, deal.pipeline_id)).stage(deal.stage_id)
    assert stage is not None
    if "probability_pct" in values:
        fields["probability_pct"] = _chance(values["probability_pct"], stage.probability_pct)
    if values.get("primary_contact_id") is not None:
        await contacts.check_of_account(tx, values["primary_contact_id"], deal.account_id)
    _check_stage_needs(stage, fields)
    if "owner" in values:
        fields["owner"] = {"owner_id": await _new_owner(tx, deal, viewer, values["owner"])}

    changed = edits.put(deal, fields)
    if changed:
        deal.updated_at = tx.at
        await tx.flush()
        outbox.emit(
            tx,
            "deal.updated",
            deal_id=deal.id,
            fields=list(changed),
            version=deal.version,
            visibility=deal.visibility,
        )
    return UpdatedDeal(await card(tx, deal.id), changed)


def _worth(deal: Deal, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Amount and currency; a currency alone would make other money of the same number."""
    currency = values.get("currency", deal.currency)
    if "amount_minor" not in values:
        if currency == deal.currency:
            return {}
        raise Fault(
            "AMOUNT_NEEDED",
            Kind.INVALID,
            "Another currency makes the amount another one.",
            "Give amount_minor in the minor units of the new currency.",
        )
    money = check_amount(values["amount_minor"], currency)
    return {
        "amount_minor": {"amount_minor": money.minor},
        "currency": {"currency": money.currency},
    }


def _chance(typed: int | None, of_the_stage: int) -> dict[str, Any]:
    chance = probability_on_move(of_the_stage) if typed is None else probability_by_hand(typed)
    return {"probability_pct": chance.pct, "probability_manual": chance.manual}


def _check_stage_needs(stage: Any, fields: Mapping[str, Mapping[str, Any]]) -> None:
    """What a deal had to have to get where it stands is replaced, never taken away."""
    missing = [
        name for name in stage.required_fields if name in fields and not fields[name].get(name)
    ]
    if missing:
        raise Fault(
            "FIELDS_REQUIRED",
            Kind.CONFLICT,
            f"The stage {stage.code} needs {', '.join(missing)}.",
            "Give another value, or move the deal back with {move_stage} first.",
            {"fields": missing},
        )


async def _new_owner(tx: Tx, deal: Deal, viewer: Viewer, reference: str) -> str:
    """Who owns the deal from now on; who owned it stays listed.

    Only its owner gives a deal away: whoever owns it may make it private, so taking one over would
    be a way to hide it from them. A deal whose owner has left may be given on by all who see it.
    """
    new_owner = await service.person_id_of(tx, reference)
    if new_owner == deal.owner_id:
        return new_owner
    owner = (await identity.people(tx, [deal.owner_id]))[deal.owner_id]
    if owner.active:
        check_owner(owner.id, viewer.person_id)
    await service.share(tx, deal.id, [deal.owner_id])
    return new_owner
