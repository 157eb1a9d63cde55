"""Baseline of insight: forecasts, scores and suggestions. Frozen."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)

from domain.store.guards import append_only, final, fixed_but, never_deleted
from domain.store.migrations.columns import create_table
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant


def create() -> None:
    """Make these tables, in an order in which each is there before it is referred to."""
    _nightly_run()
    _forecast()
    _dismissed_action()
    _lead_score()
    _suggested_action()


def _nightly_run() -> None:
    guard(
        create_table(
            "nightly_run",
            Column("tenant_id", Id, primary_key=True),
            Column("job", Code, primary_key=True),
            Column("day", Date, primary_key=True),
            Column("done_at", Instant(), nullable=False),
            Column("written", Integer, nullable=False),
        ),
        append_only(),
        version=1,
    )


def _forecast() -> None:
    guard(
        create_table(
            "forecast",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("person_id", Id, nullable=False),
            Column("question", Digest, nullable=False),
            Column("filters", JSON, nullable=False),
            Column("as_of", Date, nullable=False),
            Column("until", Date, nullable=False),
            Column("asked_at", Instant(), nullable=False),
            Column("deal_ids", JSON, nullable=False),
            Column("rates", JSON, nullable=False),
            Column("currency", String(3), nullable=False),
            Column("expected_minor", BigInteger, nullable=False),
            Column("common_minor", BigInteger, nullable=False),
            Column("own_minor", BigInteger, nullable=False),
            Column("shock_permille", Integer, nullable=False),
            Column("quantiles", JSON, nullable=False),
            Column("state", Code, nullable=False),
            Column("actual_minor", BigInteger),
            Column("scored_at", Instant()),
            UniqueConstraint("tenant_id", "person_id", "question", "as_of"),
            CheckConstraint("state in ('open', 'scored', 'void')", name="state"),
            CheckConstraint("(state = 'scored') = (actual_minor is not null)", name="scored"),
            ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
            Index(None, "tenant_id", "state", "until"),
        ),
        fixed_but("state", "actual_minor", "scored_at"),
        final("state", unless="open"),
        never_deleted(),
        version=1,
    )


def _dismissed_action() -> None:
    guard(
        create_table(
            "dismissed_action",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("proposal_id", Id, nullable=False),
            Column("deal_id", Id, nullable=False),
            Column("rule", Code, nullable=False),
            Column("reason", String(500), nullable=False),
            Column("dismissed_by", Code, nullable=False),
            Column("dismissed_at", Instant(), nullable=False),
            Column("until", Instant(), nullable=False),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
            Index(None, "tenant_id", "proposal_id"),
        ),
        append_only(),
        version=1,
    )


def _lead_score() -> None:
    guard(
        create_table(
            "lead_score",
            Column("tenant_id", Id, primary_key=True),
            Column("deal_id", Id, primary_key=True),
            Column("scored_on", Date, primary_key=True),
            Column("computed_at", Instant(), nullable=False),
            Column("base", Integer, nullable=False),
            Column("score", Integer, nullable=False),
            Column("band", Code, nullable=False),
            Column("history", Code, nullable=False),
            Column("reasons", JSON, nullable=False),
            CheckConstraint("score between 0 and 100", name="score"),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ),
        append_only(),
        version=1,
    )


def _suggested_action() -> None:
    guard(
        create_table(
            "suggested_action",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("deal_id", Id, nullable=False),
            Column("rule", Code, nullable=False),
            Column("step", Code, nullable=False),
            Column("suggested_at", Instant(), nullable=False),
            Column("expires_at", Instant(), nullable=False),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
            Index(None, "tenant_id", "deal_id"),
        ),
        append_only(),
        version=1,
    )
