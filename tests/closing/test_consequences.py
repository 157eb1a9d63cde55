"""Consequences of closing: does what a module declares follow when a deal is won, where and instead
of what it says?
"""

from domain.closing.service import in_order
from domain.kernel.money import Money
from domain.store.declarations import Consequence, Done, Foreseen, SideEffect, WonDeal
from domain.store.descriptor import modules

DEAL = WonDeal("D1", "A1", "Nền tảng", Money(1_000, "VND"))


async def foresee(_tx, _deal):
    return Foreseen({"kind": "hoadon"}, {"en": "An e-invoice is issued."})


async def issue(_tx, deal, _by):
    return SideEffect("hoadon", Done.DONE, f"einvoice_of={deal.id}", "E1")


ISSUING = Consequence(kind="hoadon", rank=15, line=20, foresee=foresee, do=issue)


def declared(*more):
    return in_order([*(one for module in modules() for one in module.on_won), *more])


def test_what_follows_is_done_in_one_order_and_told_in_another():
    assert [one.kind for one in declared()] == ["proj", "vietqr", "hoadon", "inv"]
    assert [one.kind for one in sorted(declared(), key=lambda one: one.line)] == [
        "vietqr", "hoadon", "inv", "proj",
    ]  # fmt: skip


async def test_a_module_that_declares_a_consequence_takes_the_place_of_people():
    (mine,) = [one for one in declared(ISSUING) if one.kind == "hoadon"]
    (left,) = [one for one in declared() if one.kind == "hoadon"]

    assert [one.kind for one in declared(ISSUING)] == ["proj", "hoadon", "vietqr", "inv"]
    assert await mine.do(None, DEAL, "human:x") == SideEffect(
        "hoadon", Done.DONE, "einvoice_of=D1", "E1"
    )
    assert (await left.do(None, DEAL, "human:x")).state is Done.SKIPPED
