"""Policy floor: what may no policy file weaken? Checked at every load.

Its entries stand beside the rows they are about, in the shipped files of policies/catalogue; an
operator's file can hold none. A row that ships as reading stays so, with its scope. When there is
no valid table, the shipped rows that read are left.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.kernel.faults import Fault, Kind
from policies.gate import shipped
from policies.gate.catalogue import (
    CUSTOMER_SUM,
    PERSON_SUM,
    Catalogue,
    Confirm,
    Effect,
    ToolPolicy,
    load,
    unavailable,
)
from policies.gate.contract import WORTH
from policies.gate.decide import holds

OLDEST_RATE_DAYS = 45
# Nothing can approve, enrol a key, grant a role or change the policy through a tool.
NEVER_A_TOOL = ("approve", "reject", "enrol", "enroll", "grant", "sign", "policy")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _set(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _sets(value: Any) -> Any:
    return tuple(frozenset(one) for one in value) if isinstance(value, list) else value


_Roles = Annotated[frozenset[str], BeforeValidator(_set), Field(min_length=1)]


class Asking(_Frozen):
    """Whom a tool asks at least when one of its facts has this value."""

    field: str
    value: int
    roles: _Roles


class Escalating(_Frozen):
    """Who signs too when a fact is above the limit, or above a lower one."""

    field: str
    above: int
    roles: _Roles


class FloorEntry(_Frozen):
    """What must at least hold of one tool, or of all tools of a namespace (`cyberos.<ns>.*`).

    Only people of the roles in `obo` may sign what their own agent asked for. `assurance` is the
    least, `ttl_minutes` the longest.
    """

    id: str = Field(pattern=r"^cyberos(\.[a-z][a-z0-9_]*){1,2}$|^cyberos\.[a-z][a-z0-9_]*\.\*$")
    signatures: Annotated[tuple[frozenset[str], ...], BeforeValidator(_sets)] = ()
    ask: Asking | None = None
    escalate: Annotated[tuple[Escalating, ...], BeforeValidator(_tuple)] = ()
    obo: Annotated[frozenset[str], BeforeValidator(_set)] = frozenset()
    scope: str | None = None
    assurance: int = 0
    ttl_minutes: int | None = None
    batch: bool = True

    @property
    def asks_people(self) -> bool:
        """Whether it says whom the tool asks."""
        return bool(self.signatures or self.ask or self.escalate)

    def concerns(self, tool_id: str) -> bool:
        """Whether it is about this tool."""
        if self.id.endswith("*"):
            return tool_id.startswith(self.id.removesuffix("*"))
        return tool_id == self.id


@cache
def entries() -> tuple[FloorEntry, ...]:
    """The floor, as it is shipped. Raises POLICY_UNAVAILABLE if it cannot be read."""
    try:
        return tuple(FloorEntry.model_validate(one) for one in shipped.read().floor)
    except (OSError, ValueError) as error:
        raise unavailable() from error


def check(catalogue: Catalogue, *, of_the_past: bool = False) -> None:
    """Raise POLICY_TOO_WEAK, naming every row that is weaker than the floor.

    A policy `of_the_past`, as it stands in a chain, need not know what the floor learnt since:
    that the deals of a customer are added up, and what one person asks for.
    """
    if weak := weaknesses(catalogue, of_the_past=of_the_past):
        raise Fault(
            "POLICY_TOO_WEAK",
            Kind.FORBIDDEN,
            "The policy table is weaker than the program allows: " + "; ".join(weak) + ".",
            "restore the rows; the floor comes with the program and needs a new release to change.",
        )


def weaknesses(catalogue: Catalogue, *, of_the_past: bool = False) -> list[str]:
    """Where the table is weaker than the floor, in words."""
    reading = {row.id: row for row in load().tool if row.is_read}
    weak = []
    for row in catalogue.tool:
        if any(word in row.id.split(".")[-1].split("_") for word in NEVER_A_TOOL):
            weak.append(f"{row.id} must not be a tool")
        if row.id in reading and not (row.is_read and row.scope == reading[row.id].scope):
            weak.append(f"{row.id} must be a reading tool with the scope {reading[row.id].scope}")
        for entry in entries():
            if entry.concerns(row.id):
                weak += _problems(row, entry, of_the_past=of_the_past)
    if catalogue.rate_max_age_days > OLDEST_RATE_DAYS:
        weak.append(f"rate_max_age_days must not be above {OLDEST_RATE_DAYS}")
    return weak


def load_checked(path: Path | None = None) -> Catalogue:
    """The policy table, read and found strong enough."""
    catalogue = load(path)
    check(catalogue)
    return catalogue


def reading_only() -> Catalogue:
    """The table that is left when the real one cannot be used; empty if none can be read at all."""
    try:
        whole = load()
    except Fault:
        return Catalogue(version=1, tool=())
    return whole.model_copy(update={"tool": tuple(row for row in whole.tool if row.is_read)})


def _problems(row: ToolPolicy, entry: FloorEntry, *, of_the_past: bool) -> list[str]:
    found = []
    if entry.signatures:
        if row.effect is not Effect.DESTRUCTIVE or row.confirm is not Confirm.ALWAYS:
            found.append(f"{row.id} must be destructive and always ask people")
        if not _covers(row, entry.signatures):
            found.append(f"{row.id} needs more or other signatures")
    if entry.ask is not None and not _asks(row, entry.ask):
        found.append(
            f"{row.id} must ask {_either(entry.ask.roles)} when {entry.ask.field} is "
            f"{entry.ask.value}"
        )
    found += [
        f"{row.id} must ask {_either(least.roles)} too when {least.field} is above {least.above:,}"
        for least in entry.escalate
        if not _escalates(row, least, of_the_past=of_the_past)
    ]
    found += _asked_for_themselves(row, entry) if entry.asks_people else []
    if entry.scope not in (None, row.scope):
        found.append(f"{row.id} must have the scope {entry.scope}")
    if row.assurance < entry.assurance:
        found.append(f"{row.id} needs assurance {entry.assurance} or more")
    if entry.ttl_minutes is not None and row.ttl_minutes > entry.ttl_minutes:
        found.append(f"{row.id} must not wait for longer than {entry.ttl_minutes} minutes")
    if row.batch and not entry.batch:
        found.append(f"{row.id} must not be batched")
    return found


def _asked_for_themselves(row: ToolPolicy, entry: FloorEntry) -> list[str]:
    """Slots that whoever an agent acts for could fill, although they may not."""
    further = (slot for step in row.escalate for slot in step.slots)
    return [
        f"{row.id} must not let people sign as {_either(frozenset(slot.roles) - entry.obo)} what "
        "their own agent asked for"
        for slot in (*row.slots, *further)
        if row.self == "obo" and slot.self != "never" and not entry.obo.issuperset(slot.roles)
    ]


def _either(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))


def _covers(row: ToolPolicy, needed: tuple[frozenset[str], ...]) -> bool:
    """Whether each needed signature has a slot of its own that only those roles may fill."""
    slots = [frozenset(slot.roles) for slot in row.slots]
    for roles in needed:
        fitting = next((slot for slot in slots if slot <= roles), None)
        if fitting is None:
            return False
        slots.remove(fitting)
    return True


def _asks(row: ToolPolicy, least: Asking) -> bool:
    asks = row.confirm is Confirm.ALWAYS or any(
        rule.field == least.field and holds(rule, {rule.field: least.value}) for rule in row.ask
    )
    return asks and _covers(row, (least.roles,))


def _escalates(row: ToolPolicy, least: Escalating, *, of_the_past: bool) -> bool:
    if of_the_past and least.field == PERSON_SUM:
        return True
    summed = of_the_past and least.field == CUSTOMER_SUM
    judged_by = {least.field, WORTH} if summed else {least.field}
    return any(
        rule.field in judged_by and rule.op in {">", ">="} and rule.value <= least.above
        for step in row.escalate
        if any(set(slot.roles) <= least.roles for slot in step.slots)
        for rule in step.when
    )
