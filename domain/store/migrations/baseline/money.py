"""Baseline of money: rates, taxpayers, bank accounts and payment requests. Frozen."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)

from domain.payments.triggers import CONFIRMED, INTO_USED
from domain.store.guards import (
    append_only,
    begins_as,
    final,
    fixed_but,
    needs_action,
    never_deleted,
    set_once,
)
from domain.store.migrations.columns import create_table, unique_where
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Id, Instant, Line


def create() -> None:
    """Make these tables, in an order in which each is there before it is referred to."""
    _bank_account()
    _fx_rate()
    _tax_registry_answer()
    _payment_reference()
    _payment_request()


def _bank_account() -> None:
    guard(
        create_table(
            "bank_account",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("bank_bin", String(6), nullable=False),
            Column("account_number", String(19), nullable=False),
            Column("account_name", Line, nullable=False),
            Column("currency", String(3), nullable=False),
            Column("is_default", Boolean, nullable=False),
            Column("added_by", Code, nullable=False),
            Column("added_at", Instant(), nullable=False),
            Column("first_used_at", Instant()),
            Column("retired_at", Instant()),
            CheckConstraint("retired_at IS NULL OR NOT is_default", name="retired"),
            UniqueConstraint("tenant_id", "bank_bin", "account_number"),
            unique_where("uq_bank_account_default", "tenant_id", "currency", where="is_default"),
        ),
        needs_action("bank_account.add", after_first="agent"),
        needs_action("bank_account.retire", "retired_at"),
        begins_as(first_used_at=None, retired_at=None),
        fixed_but("is_default", "first_used_at", "retired_at"),
        CONFIRMED,
        set_once("first_used_at"),
        final("retired_at"),
        never_deleted(),
        version=1,
    )


def _fx_rate() -> None:
    guard(
        create_table(
            "fx_rate",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("base", String(3), nullable=False),
            Column("quote", String(3), nullable=False),
            Column("value", String(40), nullable=False),
            Column("as_of", Date, nullable=False),
            Column("source", Code, nullable=False),
            Column("column", Code, nullable=False),
            Column("signed_by", Code, nullable=False),
            Column("signature", LargeBinary, nullable=False),
            Column("recorded_at", Instant(), nullable=False),
            CheckConstraint(
                "\"column\" IN ('central', 'mid', 'cash_buy', 'transfer_buy', 'sell')",
                name="column",
            ),
            UniqueConstraint("tenant_id", "base", "quote", "as_of", "source", "column"),
        ),
        append_only(),
        version=1,
    )


def _tax_registry_answer() -> None:
    create_table(
        "tax_registry_answer",
        Column("tenant_id", Id, primary_key=True),
        Column("tax_code", String(20), primary_key=True),
        Column("found", Boolean, nullable=False),
        Column("legal_name", String(400)),
        Column("address", String(400)),
        Column("gdt_status", Code),
        Column("source", Line, nullable=False),
        Column("checked_at", Instant(), nullable=False),
    )


def _payment_reference() -> None:
    guard(
        create_table(
            "payment_reference",
            Column("tenant_id", Id, primary_key=True),
            Column("reference", String(10), primary_key=True),
            Column("deal_id", Id),
            Column("created_at", Instant(), nullable=False),
            CheckConstraint("length(reference) = 10", name="length"),
            UniqueConstraint("tenant_id", "deal_id"),
            ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ),
        append_only(),
        version=1,
    )


def _payment_request() -> None:
    guard(
        create_table(
            "payment_request",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("reference", String(10), nullable=False),
            Column("bank_account_id", Id, nullable=False),
            Column("amount_minor", BigInteger, nullable=False),
            Column("currency", String(3), nullable=False),
            Column("payload", String(512), nullable=False),
            Column("requested_by", Code, nullable=False),
            Column("created_at", Instant(), nullable=False),
            CheckConstraint("amount_minor > 0", name="amount"),
            CheckConstraint("currency = 'VND'", name="currency"),
            ForeignKeyConstraint(
                ["tenant_id", "reference"],
                ["payment_reference.tenant_id", "payment_reference.reference"],
            ),
            ForeignKeyConstraint(
                ["tenant_id", "bank_account_id"], ["bank_account.tenant_id", "bank_account.id"]
            ),
            Index(None, "tenant_id", "reference", "id"),
        ),
        append_only(),
        INTO_USED,
        version=1,
    )
