"""Latest activities: the last contact with a customer, for many deals at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from domain.activities.tables import Activity
from domain.store.tx import Tx

CONTACTS = ("call", "email", "meeting")  # a note is no contact: nobody heard from us


async def contacts(tx: Tx, deal_ids: "Select[str]") -> Sequence[Any]:
    """The latest call, e-mail and meeting of each deal: `deal_id`, `kind`, `id`, `occurred_at`."""
    return await tx.rows(_latest(Activity.deal_id, Activity.deal_id.in_(deal_ids)))


async def contacts_of_accounts(tx: Tx) -> Sequence[Any]:
    """The same of each account, about no deal: `account_id` in place of `deal_id`."""
    return await tx.rows(_latest(Activity.account_id, Activity.deal_id.is_(None)))


def _latest(of: Any, condition: Any) -> "Select[Any, *tuple[Any, ...]]":
    place = func.row_number().over(
        partition_by=(of, Activity.kind),
        order_by=(Activity.occurred_at.desc(), Activity.id.desc()),
    )
    ordered = (
        select(of, Activity.kind, Activity.id, Activity.occurred_at, place.label("place"))
        .where(condition, Activity.kind.in_(CONTACTS))
        .subquery()
    )
    return select(*(column for column in ordered.c if column.key != "place")).where(
        ordered.c.place == 1
    )
