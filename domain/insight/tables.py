"""What was foretold, and what came of it?"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.schema import Code, Digest, Id, TenantEntity

# --- forecasts ---


class StoredForecast(TenantEntity):
    """The first answer of a day to one person's question, kept to be scored when its time is over.

    It belongs to the person whose eyes it saw with: nobody else's accuracy is made of it, because
    private deals may be in it. Amounts in minor units of `currency`; `common_minor` and
    `own_minor` are as in `distribution.Moments`, `rates` the value of each currency on that day.
    """

    __tablename__ = "forecast"

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
