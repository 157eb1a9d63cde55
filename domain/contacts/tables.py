"""Contact rows: whom do we know at an account?"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.contacts.finding import findable
from domain.store.audit_kinds import Chained
from domain.store.schema import Code, Id, Line, TenantEntity, unique_where
from domain.store.search import new_key


def _findable(context: Any) -> str:
    """The words of a row that is being written."""
    row = context.get_current_parameters()
    return findable(row["display_name"], row.get("title"), row.get("email"))


class Contact(TenantEntity):
    """A person at a customer: name parts in Vietnamese order, display name as typed."""

    __tablename__ = "contact"
    __audit__ = Chained(
        besides={
            "findable": "words to find the row by, made of columns that are chained",
            "search_key": "the row's number in the index of these words",
        }
    )

    account_id: Mapped[str] = mapped_column(Id)
    family_name: Mapped[str] = mapped_column(Line)
    middle_name: Mapped[str] = mapped_column(Line, default="")
    given_name: Mapped[str] = mapped_column(Line)
    display_name: Mapped[str] = mapped_column(Line)
    folded: Mapped[str] = mapped_column(String(512))
    email: Mapped[str | None] = mapped_column(Line)
    email_key: Mapped[str | None] = mapped_column(Line)  # in the one spelling it is compared by
    phone_e164: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(Line)
    salutation: Mapped[str] = mapped_column(Code)
    salutation_source: Mapped[str] = mapped_column(Code, default="none")
    is_primary: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)
    # Zero and no words are what a row has for a moment while a migration adds the columns.
    findable: Mapped[str] = mapped_column(String(1024), default=_findable, server_default="")
    search_key: Mapped[int] = mapped_column(BigInteger, default=new_key, server_default="0")

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        Index(None, "tenant_id", "account_id", "id"),
        Index(None, "tenant_id", "email_key"),
        Index("uq_contact_search_key", "search_key", unique=True),
        Index(None, "tenant_id", "phone_e164"),
        unique_where(
            "uq_contact_primary",
            "tenant_id",
            "account_id",
            where="is_primary",
        ),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
