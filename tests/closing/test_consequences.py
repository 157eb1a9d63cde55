"""Consequences of closing: does what a module declares follow when a deal is won, where and instead
of what it says?
"""

from domain.closing.service import in_order
from domain.kernel.money import Money
from domain.store.declarations import Consequence, Done, Foreseen, SideEffect, WonDeal
from domain.store.descriptor import modules

DEAL = WonDeal("D1", "A1", "Nền tảng", Money(1_000, "VND"))


async def foresee(_tx, _deal):
    return Foreseen({"kind": "inv"}, {"en": "An invoice is drafted."})


async def draft(_tx, deal, _by):
    return SideEffect("inv", Done.DONE, f"invoice_of={deal.id}", "I1")


DRAFTING = Consequence(kind="inv", rank=15, line=30, foresee=foresee, do=draft)


def declared(*more):
    return in_order([*(one for module in modules() for one in module.on_won), *more])


def test_an_invoice_that_no_module_drafts_is_left_to_people():
    assert [one.kind for one in declared()] == ["proj", "vietqr", "hoadon", "inv"]
    assert [one.kind for one in sorted(declared(), key=lambda one: one.line)] == [
        "vietqr", "hoadon", "inv", "proj",
    ]  # fmt: skip


async def test_a_module_that_declares_a_consequence_takes_its_place():
    (mine,) = [one for one in declared(DRAFTING) if one.kind == "inv"]
    (left,) = [one for one in declared() if one.kind == "inv"]

    assert [one.kind for one in declared(DRAFTING)] == ["proj", "inv", "vietqr", "hoadon"]
    assert await mine.do(None, DEAL, "human:x") == SideEffect(
        "inv", Done.DONE, "invoice_of=D1", "I1"
    )
    assert (await left.do(None, DEAL, "human:x")).state is Done.SKIPPED
