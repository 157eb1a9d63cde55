"""Setting engagements: what a person decides about the work for an account, planned and done.

A plan says what would be different, for those who sign; doing is exactly what was planned. A rate
card is never overwritten, so time that is logged keeps the rate it was worked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.engagements import queries, rules
from domain.engagements.events import EngagementBegun
from domain.engagements.rules import Rate, Status
from domain.engagements.tables import Engagement, EngagementRate
from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import derived_id, new_id
from domain.kernel.money import currency_code
from domain.store import outbox
from domain.store.chain import Actor
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from domain.vat.rates import VatCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an engagement is set to; what is None stays as it is, or is not there yet.

    One that is there is named by `engagement_id` or by its code; with both, the code is what it
    gets if it has none. `rates` are a whole card.
    """

    code: str | None = None
    engagement_id: str | None = None
    account_id: str | None = None
    currency: str | None = None
    rates: Sequence[Rate] | None = None
    vat_category: VatCategory | None = None
    evidence: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An engagement as it is set, or would be."""

    code: str | None
    account_id: str
    currency: str
    billing_mode: str
    status: Status
    vat_category: VatCategory | None
    evidence: str | None
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What setting will do: from what (None: it is new) to what, and the customer's name."""

    id: str
    version: int
    before: State | None
    after: State
    account_name: str


async def plan(tx: Tx, terms: Terms, *, hold: bool = False) -> Plan:
    """What would be different; nothing is changed, and `hold` keeps it so.

    The id of a new one is made of its code: asking again means the same engagement.

    Raises NOT_FOUND, CODE_INVALID, CURRENCY_UNKNOWN, RATE_CARD_INVALID, VAT_EVIDENCE_MISSING,
    ENGAGEMENT_INCOMPLETE, ENGAGEMENT_CONFLICT and NOTHING_TO_SET.
    """
    there = await _there(tx, terms, lock=hold)
    before = await state_of(tx, there) if there is not None else None
    after = _changed(terms, before) if before is not None else _new(terms)
    rules.check_vat(after.vat_category, after.evidence)
    if before == after:
        raise Fault(
            "NOTHING_TO_SET",
            Kind.CONFLICT,
            "The engagement is so already.",
            "Nothing needs to be done.",
        )
    account = await accounts.get(tx, after.account_id)
    if account is None:
        raise account_service.unknown()
    if there is not None:
        return Plan(there.id, there.version, before, after, account.name)
    made = derived_id(canonical(["engagement", tx.tenant_id, after.code]))
    return Plan(made, 0, None, after, account.name)


async def carry_out(tx: Tx, terms: Terms, *, set_by: str) -> Engagement:
    """Set it. The database lets only an executed approval do so. Raises what `plan` raises."""
    planned = await plan(tx, terms, hold=True)
    before, after = planned.before, planned.after
    if before is None:
        row = Engagement(
            id=planned.id,
            account_id=after.account_id,
            title=after.code,
            currency=after.currency,
            billing_mode=after.billing_mode,
            card=0,
            created_at=tx.at,
        )
        tx.add(row)
    else:
        found = await queries.get(tx, planned.id)
        assert found is not None, "it was planned a moment ago"
        row = found
    row.code, row.status = after.code, after.status.value
    row.vat_category = after.vat_category.value if after.vat_category else None
    row.vat_evidence = after.evidence
    row.set_by, row.set_at = set_by, tx.at
    new_card = after.rates if before is None or before.rates != after.rates else ()
    if new_card:
        row.card += 1
    await tx.flush()
    for position, rate in enumerate(new_card, start=1):
        tx.add(
            EngagementRate(
                id=new_id(),
                engagement_id=row.id,
                card=row.card,
                position=position,
                role=rate.role,
                phase=rate.phase,
                rate_minor=rate.rate_minor,
            )
        )
    await tx.flush()
    outbox.emit(tx, "engagement.set", engagement_id=row.id, version=row.version)
    return row


async def begin(tx: Tx, terms: Terms, *, set_by: str, said_by: Actor) -> Engagement:
    """An engagement that a company begins with, before its first agent: nobody is asked."""
    row = await carry_out(tx, terms, set_by=set_by)
    EngagementBegun(row.id).record(tx, said_by)
    return row


async def state_of(tx: Tx, row: Engagement) -> State:
    """How an engagement is set."""
    card = (await queries.cards(tx, [row.id])).get(row.id, ())
    return State(
        code=row.code,
        account_id=row.account_id,
        currency=row.currency,
        billing_mode=row.billing_mode,
        status=Status(row.status),
        vat_category=VatCategory(row.vat_category) if row.vat_category else None,
        evidence=row.vat_evidence,
        rates=card,
    )


def unknown() -> Fault:
    """The one answer for an engagement that is hidden, of another tenant, invented or missing."""
    return Fault(
        "NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such engagement.",
        "Look the code up with {engagements}.",
    )


async def _there(tx: Tx, terms: Terms, *, lock: bool) -> Engagement | None:
    """The engagement that is meant; None for a new one."""
    if terms.code is not None:
        rules.check_code(terms.code)
    with tx.looking_as(SYSTEM):  # a code is taken, whoever may see what has it
        namesake = await queries.with_code(tx, terms.code) if terms.code is not None else None
    meant = terms.engagement_id or namesake
    if meant is None:
        return None
    found = await queries.get(tx, meant, lock=lock)
    if found is None and terms.engagement_id is not None:
        raise unknown()
    if found is None or namesake not in (None, found.id):
        raise _conflict("Another engagement has this code.", "Choose another code.")
    return found


def _changed(terms: Terms, before: State) -> State:
    """What is there with what is said; whom the work is for and in which currency never changes."""
    currency = currency_code(terms.currency) if terms.currency else before.currency
    if terms.account_id not in (None, before.account_id) or currency != before.currency:
        raise _conflict(
            "An engagement keeps its account and its currency.",
            "Set another engagement, with a code of its own.",
        )
    if before.code is not None and terms.code not in (None, before.code):
        raise _conflict("An engagement keeps its code.", "Leave the code out.")
    category = terms.vat_category or before.vat_category
    return State(
        code=before.code or terms.code,
        account_id=before.account_id,
        currency=before.currency,
        billing_mode=before.billing_mode,
        status=terms.status or before.status,
        vat_category=category,
        evidence=_evidence(terms, category, before),
        rates=rules.check_card(terms.rates) if terms.rates else before.rates,
    )


def _evidence(terms: Terms, category: VatCategory | None, before: State) -> str | None:
    """Evidence is about a category: with another one, the old evidence says nothing any more."""
    if terms.evidence is not None:
        return terms.evidence
    return before.evidence if category == before.vat_category else None


def _new(terms: Terms) -> State:
    given = {
        "code": terms.code,
        "account_id": terms.account_id,
        "currency": terms.currency,
        "rates": terms.rates,
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise Fault(
            "ENGAGEMENT_INCOMPLETE",
            Kind.INVALID,
            f"A new engagement also needs {', '.join(missing)}.",
            "One that is there is found by its code with {engagements}.",
            {"missing": missing},
        )
    assert terms.code and terms.account_id and terms.currency and terms.rates
    return State(
        code=terms.code,
        account_id=terms.account_id,
        currency=currency_code(terms.currency),
        billing_mode=rules.TIME_AND_MATERIAL,
        status=terms.status or Status.ACTIVE,
        vat_category=terms.vat_category,
        evidence=terms.evidence,
        rates=rules.check_card(terms.rates),
    )


def _conflict(why: str, hint: str) -> Fault:
    return Fault("ENGAGEMENT_CONFLICT", Kind.CONFLICT, why, hint)
