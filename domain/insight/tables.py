"""Insight rows: what did we foresee, suggest and score? Kept, so that it can be judged later."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE, Unchained
from domain.store.schema import Code, Digest, Id, TenantEntity, TenantRow
from domain.store.visibility import Restricted, Terms

# --- next best action, lead score, nightly work ---


class SuggestedAction(Restricted, TenantEntity):
    """A next best action as it stood one night; `id` is derived from its reason. Append-only.

    `step` was proposed; it is accepted when it is taken about the deal until `expires_at`.
    """

    __tablename__ = "suggested_action"
    belongs_to = "deal_id"
    __audit__ = Unchained(
        "made every night from deals, activities and moves; a figure that decides nothing"
    )

    deal_id: Mapped[str] = mapped_column(Id)
    rule: Mapped[str] = mapped_column(Code)
    step: Mapped[str] = mapped_column(Code)
    suggested_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        Index(None, "tenant_id", "deal_id"),
    )


class DismissedAction(Restricted, TenantEntity):
    """Somebody said why an action is not wanted, and until when. Append-only."""

    __tablename__ = "dismissed_action"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    proposal_id: Mapped[str] = mapped_column(Id)
    deal_id: Mapped[str] = mapped_column(Id)
    rule: Mapped[str] = mapped_column(Code)
    reason: Mapped[str] = mapped_column(String(500))
    dismissed_by: Mapped[str] = mapped_column(Code)
    dismissed_at: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        Index(None, "tenant_id", "proposal_id"),
    )


class LeadScore(Restricted, TenantRow):
    """The score of an open deal from a night on, until a later row of it. Append-only.

    `reasons` are `{"feature", "points", ...facts}`; base and points add up to the score.
    """

    __tablename__ = "lead_score"
    belongs_to = "deal_id"
    __audit__ = Unchained(
        "made every night from deals, activities and moves; a figure of that night"
    )

    deal_id: Mapped[str] = mapped_column(Id, primary_key=True)
    scored_on: Mapped[date] = mapped_column(Date, primary_key=True)
    computed_at: Mapped[datetime]
    base: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(Integer)
    band: Mapped[str] = mapped_column(Code)
    history: Mapped[str] = mapped_column(Code)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)

    __table_args__ = (
        CheckConstraint("score between 0 and 100", name="score"),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
    )


class NightlyRun(TenantRow):
    """A nightly job that was done for a day; its row is written together with its work."""

    __tablename__ = "nightly_run"
    __audit__ = WRITTEN_ONCE

    job: Mapped[str] = mapped_column(Code, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    done_at: Mapped[datetime]
    written: Mapped[int] = mapped_column(Integer)


# --- forecasts ---


class StoredForecast(Restricted, TenantEntity):
    """The first answer of a day to one person's question, kept to be scored when its time is over.

    It belongs to the viewer it was made for: nobody else's accuracy is made of it, because
    private deals may be in it. Amounts in minor units of `currency`; `common_minor` and
    `own_minor` are as in `distribution.Moments`, `rates` the value of each currency on that day.
    """

    __tablename__ = "forecast"
    __audit__ = Unchained(
        "first answers of a day, kept by calls that only read, to be scored later"
    )

    person_id: Mapped[str] = mapped_column(Id)
    question: Mapped[str] = mapped_column(Digest)
    filters: Mapped[dict[str, Any]] = mapped_column(JSON)
    as_of: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    asked_at: Mapped[datetime]
    deal_ids: Mapped[list[str]] = mapped_column(JSON)
    rates: Mapped[dict[str, str]] = mapped_column(JSON)
    currency: Mapped[str] = mapped_column(String(3))
    expected_minor: Mapped[int] = mapped_column(BigInteger)
    common_minor: Mapped[int] = mapped_column(BigInteger)
    own_minor: Mapped[int] = mapped_column(BigInteger)
    shock_permille: Mapped[int] = mapped_column(Integer)
    quantiles: Mapped[list[int]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(Code, default="open")
    actual_minor: Mapped[int | None] = mapped_column(BigInteger)
    scored_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "question", "as_of"),
        CheckConstraint("state in ('open', 'scored', 'void')", name="state"),
        CheckConstraint("(state = 'scored') = (actual_minor is not null)", name="scored"),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        Index(None, "tenant_id", "state", "until"),
    )

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """Nobody else's: it is made of what this person saw."""
        mine: ColumnElement[bool] = row.person_id == viewer.person_id
        return mine
