"""Wires of guards: does each guard that needs people open
for the tools that say so, and for no other?
"""

from dataclasses import replace

from domain.store import wires
from domain.store.descriptor import modules
from domain.store.guards import NeedsAction
from policies.gate import catalogue
from policies.gate.wires import declared
from server import wiring
from tools.crm import close_deal


def guards():
    """Every guard that asks for an approved action, and where it is declared."""
    return {
        guard.wire: f"domain/{module.name}/module.py"
        for module in modules()
        for rules in module.tables.values()
        for guard in rules.guards
        if isinstance(guard, NeedsAction)
    }


def test_every_guard_opens_for_a_tool_and_no_tool_opens_what_is_none():
    wired = wiring.wires()

    assert {
        guard: f"{file}: no tool has opens=({guard!r},)"
        for guard, file in guards().items()
        if guard not in {one for one, _ in wired}
    } == {}
    assert {tool: f"opens {one!r}" for one, tool in wired if one not in guards()} == {}


def test_the_wires_are_these():
    assert wiring.wires() == {
        ("deal.close", "cyberos.crm.close_deal"),
        ("bank_account.add", "cyberos.admin.add_bank_account"),
        ("bank_account.first_use", "cyberos.crm.generate_vietqr"),
        ("bank_account.first_use", "cyberos.inv.generate_vietqr"),
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

    assert declared(Renamed(), renamed) == {("deal.close", "cyberos.crm.end_deal")}


def test_a_tool_that_never_asks_people_opens_nothing():
    table = catalogue.load()
    reading = table.by_id["cyberos.whoami"].model_copy(update={"id": "cyberos.crm.close_deal"})

    weakened = table.model_copy(update={"tool": (reading,)})

    assert declared(wiring.registry(), weakened) == frozenset()


def test_what_is_wired_otherwise_is_said_guard_by_guard():
    there = frozenset({("deal.close", "cyberos.crm.move_stage"), ("x.y", "cyberos.z")})
    wanted = frozenset({("deal.close", "cyberos.crm.close_deal"), ("x.y", "cyberos.z")})

    assert wires.complaint(wanted, wanted) is None
    assert wires.complaint(there, wanted) == (
        "deal.close opens for cyberos.crm.move_stage;"
        " deal.close does not open for cyberos.crm.close_deal"
    )
