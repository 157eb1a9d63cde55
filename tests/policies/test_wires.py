"""Wires of guards: does each guard that needs people open
for the tools that say so, and for no other?
"""

from collections.abc import Iterable
from dataclasses import replace

from domain.store import wires
from domain.store.descriptor import Module, Stored, modules
from domain.store.guards import NeedsAction, needs_action
from domain.store.schema import Base
from domain.store.triggers import AGENT_EVENTS
from domain.store.wires import Wires
from policies.gate import catalogue
from policies.gate.catalogue import Confirm
from policies.gate.contract import Registry
from policies.gate.fitting import file_of
from policies.gate.wires import declared
from server import wiring
from tools.crm import close_deal

# Guards that are written in SQL: the account stands among the effects of what people signed, and
# the event among those that an agent may cause.
IN_SQL = {"bank_account.first_use": "payments", AGENT_EVENTS: "store"}
GUARDS = {"deal.close", "bank_account.add", "bank_account.first_use"}


def test_every_guard_opens_for_a_tool_and_no_tool_opens_what_is_none():
    assert complaints(modules(), wiring.wires(), wiring.registry()) == []


def guards(described: Iterable[Module]) -> dict[str, str]:
    """Every guard that asks for an approved action, and the module that declares it."""
    return {
        guard.wire: module.name
        for module in described
        for rules in module.tables.values()
        for guard in rules.guards
        if isinstance(guard, NeedsAction)
    } | {guard: module for guard, module in IN_SQL.items() if module in {x.name for x in described}}


def complaints(described: Iterable[Module], wired: Wires, registry: Registry) -> list[str]:
    """Guards that nobody opens, and what is opened and guards nothing; each with its file."""
    there, opened = guards(described), {guard for guard, _ in wired}
    asking = [row for row in catalogue.load().tool if row.confirm is not Confirm.NEVER]
    idle = [
        file_of(row) for row in asking if (tool := registry.get(row.id)) is None or not tool.opens
    ]
    return [
        *(
            f"domain/{module}/module.py: nothing opens the guard {guard}; say opens=({guard!r},) "
            f"in the tool that does it ({', '.join(idle) or 'a new one'})"
            for guard, module in there.items()
            if guard not in opened
        ),
        *(
            f"{tool} opens {guard}, which guards no table"
            for guard, tool in sorted(wired)
            if guard not in there
        ),
    ]


def test_a_guard_without_a_tool_and_a_tool_without_a_guard_are_named():
    planted = Module(name="toys", tables={Base: Stored(guards=(needs_action("toy.break"),))})

    wired = frozenset({("toy.mend", "cyberos.crm.close_deal")})

    said = complaints([planted], wired, wiring.registry())

    assert said[0].startswith("domain/toys/module.py: nothing opens the guard toy.break")
    assert said[1:] == ["cyberos.crm.close_deal opens toy.mend, which guards no table"]


def test_the_wires_of_deals_and_accounts_are_these():
    wired = {(guard, tool) for guard, tool in wiring.wires() if guard in GUARDS}

    assert wired == {
        ("deal.close", "cyberos.crm.close_deal"),
        ("bank_account.add", "cyberos.admin.add_bank_account"),
        ("bank_account.first_use", "cyberos.crm.generate_vietqr"),
        ("bank_account.first_use", "cyberos.inv.generate_vietqr"),
        ("bank_account.first_use", "cyberos.inv.send_invoice"),
    }


def test_a_tool_under_another_name_opens_its_guard_without_a_migration():
    class Renamed:
        """The registry of a program in which a deal is ended, not closed."""

        def names(self):
            return []

        def get(self, tool_id):
            return replace(close_deal.TOOL, id=tool_id) if tool_id.endswith("end_deal") else None

    table = catalogue.load()
    row = table.by_id["cyberos.crm.close_deal"]
    renamed = table.model_copy(
        update={"tool": (row.model_copy(update={"id": "cyberos.crm.end_deal"}),)}
    )

    assert opened(declared(Renamed(), renamed)) == {("deal.close", "cyberos.crm.end_deal")}


def test_a_tool_that_never_asks_people_opens_nothing():
    table = catalogue.load()
    reading = table.by_id["cyberos.whoami"].model_copy(update={"id": "cyberos.crm.close_deal"})

    weakened = table.model_copy(update={"tool": (reading,)})

    assert opened(declared(wiring.registry(), weakened)) == set()


def opened(wired):
    return {(guard, tool) for guard, tool in wired if guard != AGENT_EVENTS}


def test_an_agent_may_cause_calls_that_change_something_and_no_more_than_the_gate_tells_of_it():
    events = {event for guard, event in wiring.wires() if guard == AGENT_EVENTS}

    changing = {row.id for row in catalogue.load().tool if not row.is_read}
    assert events - changing == {
        "call.denied", "action.proposed", "action.cancelled", "action.expired", "action.stale",
        "agent.read_untrusted",
    }  # fmt: skip
    assert changing <= events


def test_what_is_wired_otherwise_is_said_guard_by_guard():
    there = frozenset({("deal.close", "cyberos.crm.move_stage"), ("x.y", "cyberos.z")})
    wanted = frozenset({("deal.close", "cyberos.crm.close_deal"), ("x.y", "cyberos.z")})

    assert wires.complaint(wanted, wanted) is None
    assert wires.complaint(there, wanted) == (
        "deal.close opens for cyberos.crm.move_stage;"
        " deal.close does not open for cyberos.crm.close_deal"
    )
