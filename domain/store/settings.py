"""Settings of the tenant: how is what a module lets a company decide read and changed?

A module declares its settings in its descriptor and reads them here by the declaration, in one
prepared query. Whoever changes one records the event that tells who did, in the same transaction.
"""

import json
from typing import Any, Final, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from domain.kernel.faults import Fault, Kind
from domain.store.declarations import Mark, Setting
from domain.store.descriptor import modules
from domain.store.prepared import prepared_query
from domain.store.tables import TenantSetting
from domain.store.tx import Tx

Value = TypeVar("Value")

_VALUE: Final = prepared_query(
    select(TenantSetting.value).where(TenantSetting.name == bindparam("setting"))
)


async def setting(tx: Tx, declared: Setting[Value]) -> Value:
    """What the company decided, or the default if it never did."""
    found = await tx.fetch(_VALUE, setting=declared.name)
    if not found:
        return declared.default
    value: Value = json.loads(found[0].value)
    return value


async def change_setting(tx: Tx, declared: Setting[Value], value: Value) -> bool:
    """Keep what the company decides from now on, and say whether it is another value.

    The caller records the event. Raises SETTING_UNKNOWN if no module declares it, what the check
    of the setting raises, and VERSION_CONFLICT if somebody else changes it at the same time.
    """
    if declared not in _declared().values():
        raise _unknown(declared.name)
    declared.check(value)
    if _comparable(await setting(tx, declared)) == _comparable(value):
        return False
    # As it was given, because people see the members of an object in the order they wrote.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    row = await tx.first(select(TenantSetting).where(TenantSetting.name == declared.name))
    if row is None:
        tx.add(TenantSetting(name=declared.name, value=text))
    else:
        row.value = text
    try:
        await tx.flush()
    except IntegrityError as error:  # the first value of two people at once
        raise Fault(
            "VERSION_CONFLICT",
            Kind.CONFLICT,
            "Somebody else decided the same at the same time.",
            "look at what holds now, then repeat it.",
        ) from error
    return True


async def complaints(tx: Tx) -> list[tuple[Mark, str]]:
    """What is kept that no module declares any more, or that its setting would refuse today."""
    declared, found = _declared(), []
    rows = await tx.rows(select(TenantSetting.name, TenantSetting.value))
    for name, text in sorted((row.name, row.value) for row in rows):
        if name not in declared:
            found.append((Mark.WARN, f"the setting {name} is kept, and no module declares it."))
            continue
        try:
            declared[name].check(json.loads(text))
        except (Fault, ValueError):
            found.append((Mark.FAIL, f"the setting {name} has a value that it may not have."))
    return found


def _declared() -> dict[str, Setting[Any]]:
    return {one.name: one for module in modules() for one in module.settings}


def _comparable(value: Any) -> str:
    """As JSON, because to Python 1 and True are the same."""
    return json.dumps(value, sort_keys=True)


def _unknown(name: str) -> Fault:
    module = name.partition(".")[0]
    return Fault(
        "SETTING_UNKNOWN",
        Kind.INVALID,
        "No module declares this setting.",
        f"name it among the `settings` of domain/{module}/module.py.",
        {"setting": name},
    )
