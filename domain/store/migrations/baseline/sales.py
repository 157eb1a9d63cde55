"""Baseline of sales: customers, deals and what was promised. Frozen."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from domain.engagements.triggers import BORN_APPROVED, COUNTS
from domain.store.guards import (
    append_only,
    begins_as,
    final,
    fixed_but,
    needs_action,
    never_deleted,
    numbered,
    set_once,
)
from domain.store.migrations.columns import create_table, unique_where
from domain.store.migrations.triggers import guard, make_searchable
from domain.store.schema import Code, Folded, Id, Instant, Line


def create() -> None:
    """Make these tables, in an order in which each is there before it is referred to."""
    _account()
    _pipeline()
    _contact()
    _stage()
    _deal()
    _stage_transition()
    _activity()
    _deal_member()
    _engagement()
    _stage_move()


def _account() -> None:
    made = create_table(
        "account",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("name", Line, nullable=False),
        Column("folded", Folded, nullable=False),
        Column("search_key", BigInteger, nullable=False),
        Column("account_type", Code, nullable=False),
        Column("vn_mst", String(20)),
        Column("vn_mst_status", Code),
        Column("vn_mst_checked_at", Instant()),
        Column("vn_mst_source", Line),
        Column("legal_name", String(400)),
        Column("industry", Line),
        Column("address", String(500)),
        Column("lead_source", Code),
        Column("owner_id", Id),
        Column("custom_fields", JSON, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        Column("version", Integer, nullable=False),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["person.tenant_id", "person.id"]),
        Index(None, "tenant_id", "folded", "id"),
        Index("uq_account_vn_mst", "tenant_id", "vn_mst", unique=True),
        Index("uq_account_search_key", "search_key", unique=True),
    )
    make_searchable(made, version=1)


def _pipeline() -> None:
    create_table(
        "pipeline",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("workspace_id", Id, nullable=False),
        Column("code", Code, nullable=False),
        Column("template", Code, nullable=False),
        Column("name_vi", Line, nullable=False),
        Column("name_en", Line, nullable=False),
        Column("position", Integer, nullable=False),
        Column("lost_reasons", JSON, nullable=False),
        Column("version", Integer, nullable=False),
        UniqueConstraint("tenant_id", "workspace_id", "code"),
        ForeignKeyConstraint(
            ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
        ),
    )


def _contact() -> None:
    create_table(
        "contact",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("account_id", Id, nullable=False),
        Column("family_name", Line, nullable=False),
        Column("middle_name", Line, nullable=False),
        Column("given_name", Line, nullable=False),
        Column("display_name", Line, nullable=False),
        Column("folded", String(512), nullable=False),
        Column("email", Line),
        Column("email_key", Line),
        Column("phone_e164", String(16)),
        Column("title", Line),
        Column("salutation", Code, nullable=False),
        Column("salutation_source", Code, nullable=False),
        Column("is_primary", Boolean, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        Column("version", Integer, nullable=False),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        Index(None, "tenant_id", "account_id", "id"),
        Index(None, "tenant_id", "email_key"),
        Index(None, "tenant_id", "phone_e164"),
        unique_where("uq_contact_primary", "tenant_id", "account_id", where="is_primary"),
    )


def _stage() -> None:
    create_table(
        "stage",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("pipeline_id", Id, nullable=False),
        Column("code", Code, nullable=False),
        Column("name_vi", Line, nullable=False),
        Column("name_en", Line, nullable=False),
        Column("probability_pct", Integer, nullable=False),
        Column("category", Code, nullable=False),
        Column("outcome", Code),
        Column("position", Integer, nullable=False),
        Column("required_fields", JSON, nullable=False),
        UniqueConstraint("tenant_id", "pipeline_id", "code"),
        UniqueConstraint("tenant_id", "pipeline_id", "id"),
        ForeignKeyConstraint(["tenant_id", "pipeline_id"], ["pipeline.tenant_id", "pipeline.id"]),
    )


def _deal() -> None:
    guard(
        create_table(
            "deal",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("workspace_id", Id, nullable=False),
            Column("account_id", Id, nullable=False),
            Column("primary_contact_id", Id),
            Column("name", Line, nullable=False),
            Column("amount_minor", BigInteger, nullable=False),
            Column("currency", String(3), nullable=False),
            Column("pipeline_id", Id, nullable=False),
            Column("stage_id", Id, nullable=False),
            Column("stage_entered_at", Instant(), nullable=False),
            Column("probability_pct", Integer, nullable=False),
            Column("probability_manual", Boolean, nullable=False),
            Column("expected_close_date", Date),
            Column("status", Code, nullable=False),
            Column("closed_date", Date),
            Column("lost_reason", String(500)),
            Column("visibility", Code, nullable=False),
            Column("owner_id", Id, nullable=False),
            Column("created_at", Instant(), nullable=False),
            Column("updated_at", Instant(), nullable=False),
            Column("version", Integer, nullable=False),
            CheckConstraint("amount_minor >= 0", name="amount"),
            CheckConstraint("probability_pct between 0 and 100", name="probability"),
            CheckConstraint("status in ('open', 'won', 'lost', 'cancelled')", name="status"),
            CheckConstraint("visibility in ('workspace', 'private')", name="visibility"),
            ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
            ForeignKeyConstraint(
                ["tenant_id", "primary_contact_id"], ["contact.tenant_id", "contact.id"]
            ),
            ForeignKeyConstraint(
                ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
            ),
            ForeignKeyConstraint(
                ["tenant_id", "pipeline_id", "stage_id"],
                ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
            ),
            ForeignKeyConstraint(["tenant_id", "owner_id"], ["person.tenant_id", "person.id"]),
            Index(None, "tenant_id", "status", "id"),
            Index(None, "tenant_id", "account_id", "id"),
            Index(None, "tenant_id", "pipeline_id", "stage_id", "id"),
        ),
        begins_as(status="open"),
        needs_action("deal.close", "status", version="version"),
        final("status", unless="open"),
        never_deleted(),
        version=1,
    )


def _stage_transition() -> None:
    create_table(
        "stage_transition",
        Column("tenant_id", Id, primary_key=True),
        Column("pipeline_id", Id, primary_key=True),
        Column("from_stage_id", Id, primary_key=True),
        Column("to_stage_id", Id, primary_key=True),
        Column("needs_reason", Boolean, nullable=False),
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "from_stage_id"],
            ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
            name="fk_stage_transition_from",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "to_stage_id"],
            ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
            name="fk_stage_transition_to",
        ),
    )


def _activity() -> None:
    guard(
        create_table(
            "activity",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("kind", Code, nullable=False),
            Column("account_id", Id, nullable=False),
            Column("contact_id", Id),
            Column("deal_id", Id),
            Column("subject", Line, nullable=False),
            Column("body", Text, nullable=False),
            Column("occurred_at", Instant(), nullable=False),
            Column("source", Code, nullable=False),
            Column("source_event_id", String(200)),
            Column("content_sha256", String(64), nullable=False),
            Column("logged_by", Code, nullable=False),
            Column("created_at", Instant(), nullable=False),
            CheckConstraint("kind in ('call', 'email', 'meeting', 'note')", name="kind"),
            ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
            ForeignKeyConstraint(["tenant_id", "contact_id"], ["contact.tenant_id", "contact.id"]),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
            unique_where(
                "uq_activity_source_event",
                "tenant_id",
                "source",
                "source_event_id",
                where="source_event_id is not null",
            ),
            Index(None, "tenant_id", "account_id", "occurred_at"),
            Index(None, "tenant_id", "deal_id", "occurred_at"),
        ),
        append_only(),
        version=1,
    )


def _deal_member() -> None:
    create_table(
        "deal_member",
        Column("tenant_id", Id, primary_key=True),
        Column("deal_id", Id, primary_key=True),
        Column("person_id", Id, primary_key=True),
        Column("removed_at", Instant()),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


def _engagement() -> None:
    guard(
        create_table(
            "engagement",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("account_id", Id, nullable=False),
            Column("deal_id", Id),
            Column("code", Code),
            Column("title", Line, nullable=False),
            Column("amount_minor", BigInteger),
            Column("currency", String(3), nullable=False),
            Column("billing_mode", Code, nullable=False),
            Column("status", Code, nullable=False),
            Column("vat_category", Code),
            Column("vat_evidence", String(500)),
            Column("card", Integer, nullable=False),
            Column("version", Integer, nullable=False),
            Column("set_by", Code),
            Column("set_at", Instant()),
            Column("created_at", Instant(), nullable=False),
            UniqueConstraint("tenant_id", "deal_id"),
            UniqueConstraint("tenant_id", "code"),
            CheckConstraint("deal_id IS NOT NULL OR code IS NOT NULL", name="code"),
            CheckConstraint("status IN ('active', 'paused', 'closed')", name="status"),
            CheckConstraint("vat_category <> 'zero' OR vat_evidence IS NOT NULL", name="evidence"),
            ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
            Index(None, "tenant_id", "account_id", "id"),
        ),
        BORN_APPROVED,
        COUNTS,
        needs_action("engagement.set", "version"),
        fixed_but(
            *("code", "status", "vat_category", "vat_evidence", "card"),
            *("version", "set_by", "set_at"),
        ),
        set_once("code"),
        never_deleted(),
        version=1,
    )


def _stage_move() -> None:
    guard(
        create_table(
            "stage_move",
            Column("tenant_id", Id, primary_key=True),
            Column("deal_id", Id, primary_key=True),
            Column("n", Integer, primary_key=True),
            Column("from_stage_id", Id),
            Column("to_stage_id", Id, nullable=False),
            Column("reason", String(500)),
            Column("moved_by", Code, nullable=False),
            Column("at", Instant(), nullable=False),
            Column("undoes", Integer),
            Column("from_probability_pct", Integer),
            Column("from_probability_manual", Boolean),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
            ForeignKeyConstraint(["tenant_id", "to_stage_id"], ["stage.tenant_id", "stage.id"]),
        ),
        append_only(),
        numbered("n", "deal_id"),
        version=1,
    )
