"""SePay events: what is an event, when are two the same, and what of one can be relied on?"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.canonical import LARGEST_INTEGER
from domain.receipts import rules, sepay
from domain.receipts.rules import Reading
from domain.receipts.sepay import Unreadable
from tests.receipts.ground import ACCOUNT, event

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_the_vendors_own_example_is_read():
    told = event(id=92704, transactionDate="2023-03-25 14:02:37", accountNumber="0123499999")

    named, reading = sepay.named(told), rules.read(told)

    assert (named.provider_id, named.own_account) == ("92704", "0123499999")
    assert reading.state == rules.RECEIVED and reading.transfer is not None
    assert reading.transfer.amount_minor == 2_277_000
    assert reading.transfer.memo == "chuyen tien mua iphone"
    assert reading.transfer.bank_reference == "MBVCB.3278907687"
    assert str(reading.transfer.value_date) == "2023-03-25"


def test_content_is_the_same_however_it_is_spelled_and_another_with_any_other_value():
    told = event(memo="Công ty")
    respelled = json.loads(json.dumps(told, indent=3, sort_keys=True, ensure_ascii=False))

    digests = {sepay.named({**told, name: "x"}).sha256 for name in told if name != "id"}

    assert sepay.named(respelled).sha256 == sepay.named(told).sha256
    assert len(digests) == len(told) - 1 and sepay.named(told).sha256 not in digests


@pytest.mark.parametrize(
    "told",
    [None, [], "92704", 92704, {}, {"id": None}, {"id": True}, {"id": ""}, {"id": " "}, {"id": 1.5},
     {"id": "x" * 65}, {"id": "a\nb"}, {"id": "a\x00"}, [{"id": 1}]],
)  # fmt: skip
def test_what_has_no_id_is_no_event(told):
    with pytest.raises(Unreadable):
        sepay.named(told)


@pytest.mark.parametrize(
    "amount", [None, 0, -5, True, "2277000", 1.5, LARGEST_INTEGER + 1, [], 1e300]
)
def test_an_amount_that_is_none_is_no_money(amount):
    assert rules.read(event(transferAmount=amount)) == Reading(rules.UNREADABLE, "transferAmount")


def test_whole_dong_may_be_written_with_a_point():
    reading = rules.read(event(transferAmount=2_277_000.0))

    assert reading.transfer is not None and reading.transfer.amount_minor == 2_277_000


def test_money_that_leaves_is_ignored_and_an_unknown_way_is_unreadable():
    assert rules.read(event(transferType="out")) == Reading(rules.IGNORED, rules.OUTGOING)
    assert rules.read(event(transferType="IN")) == Reading(rules.UNREADABLE, "transferType")


def test_an_account_is_compared_as_people_write_it():
    told = sepay.named(event(accountNumber=" 9900 1122 33445 "))

    assert told.own_account == ACCOUNT
    assert rules.is_ours(told.own_account, ["9900 112233445"])
    assert not rules.is_ours("", [ACCOUNT])


@given(st.dictionaries(st.sampled_from(list(event())), ANYTHING), ANYTHING)
def test_whatever_comes_is_read_or_named_unreadable_and_nothing_else(changes, whole):
    told = {**event(), **changes}
    for one in (told, whole):
        try:
            named = sepay.named(one)
        except Unreadable:
            continue
        assert 0 < len(named.provider_id) <= 64 and len(named.sha256) == 64
        if one is told:
            reading = rules.read(told)
            assert (reading.transfer is not None) == (reading.state == rules.RECEIVED)
            assert reading.transfer is None or reading.transfer.amount_minor > 0
