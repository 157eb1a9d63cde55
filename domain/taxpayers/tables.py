"""Taxpayer rows: what did a taxpayer registry say, and when?"""

from datetime import datetime

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import Unchained
from domain.store.schema import Code, Line, TenantRow


class TaxRegistryAnswer(TenantRow):
    """The last answer about a canonical tax code; each tenant asks for itself."""

    __tablename__ = "tax_registry_answer"
    __audit__ = Unchained("received messages: what a registry said last")

    tax_code: Mapped[str] = mapped_column(String(20), primary_key=True)
    found: Mapped[bool] = mapped_column(Boolean)
    legal_name: Mapped[str | None] = mapped_column(String(400))
    address: Mapped[str | None] = mapped_column(String(400))
    gdt_status: Mapped[str | None] = mapped_column(Code)
    source: Mapped[str] = mapped_column(Line)
    checked_at: Mapped[datetime]
