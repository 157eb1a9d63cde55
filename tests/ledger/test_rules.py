"""Ledger rules: which lines does an event make, to the unit, whatever the amounts are?"""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.kernel.money import EXPONENTS, Money
from domain.ledger import chart, rules
from domain.ledger.entries import Dimensions, Line, credit, debit
from domain.ledger.roles import Role
from domain.ledger.rules import Sold
from tests.ledger.books import DAY, invoice, receipt

minors = st.integers(-(10**9), 10**9)
rates = st.decimals("0.000001", "99999", places=6, allow_nan=False, allow_infinity=False)


def told(lines):
    """Role, amount and worth in the books of each line, debits above zero."""
    return [(one.role.value, one.debit_minor - one.credit_minor, one.book_minor) for one in lines]


def test_an_invoice_in_dong_is_a_receivable_revenue_and_tax():
    lines = rules.accepted(invoice((10_000_000, 800_000), (5_000_000, 0)))

    assert told(lines) == [
        ("receivable", 15_800_000, 15_800_000),
        ("revenue", -10_000_000, -10_000_000),
        ("revenue", -5_000_000, -5_000_000),
        ("output_vat", -800_000, -800_000),
    ]


@pytest.mark.parametrize(
    ("days", "role"), [(-1, "revenue"), (0, "revenue"), (1, "deferred_revenue"), (None, "revenue")]
)
def test_what_is_performed_after_the_day_is_deferred_and_its_tax_is_not(days, role):
    until = None if days is None else DAY + timedelta(days=days)
    sold = Sold(net_minor=1_000, vat_minor=80, service_from=date(2026, 11, 1), service_to=until)

    lines = rules.accepted(invoice(lines=(sold,)))

    assert [one.role.value for one in lines] == ["receivable", role, "output_vat"]
    assert lines[1].about.service_to == until
    assert lines[1].about.service_from == date(2026, 11, 1)
    assert lines[2].about.service_to is None


def test_every_line_names_customer_and_document_and_revenue_its_project():
    sold = Sold(net_minor=1_000, vat_minor=80, project_id="P", department="D", product_id="Q")
    issued = invoice(lines=(sold,))

    receivable, revenue, vat = (one.about for one in rules.accepted(issued))

    of_invoice = Dimensions(
        party_id=issued.party_id, document_kind="invoice", document_id=issued.document_id
    )
    assert receivable == vat == of_invoice
    assert (revenue.project_id, revenue.department, revenue.product_id) == ("P", "D", "Q")
    assert (revenue.party_id, revenue.document_id) == (issued.party_id, issued.document_id)


def test_a_discount_stands_on_the_debit_side_and_a_credit_mirrors_its_invoice():
    discounted = rules.accepted(invoice((1_000, 80), (-100, -8)))
    credited = rules.accepted(invoice((-1_000, -80), (100, 8)))

    assert told(discounted)[2] == ("revenue", 100, 100)
    assert told(credited) == [(role, -minor, -book) for role, minor, book in told(discounted)]


def test_dollars_are_converted_once_and_the_rest_of_a_dong_goes_to_the_largest_part():
    # 33.33, 33.33 and 33.34 dollars are 870,579.6, 870,579.6 and 870,840.8 dong: 2,612,000 in all.
    lines = rules.accepted(invoice((3_333, 0), (3_333, 0), (3_334, 0), currency="USD"))

    assert told(lines) == [
        ("receivable", 10_000, 2_612_000),
        ("revenue", -3_333, -870_580),
        ("revenue", -3_333, -870_579),
        ("revenue", -3_334, -870_841),
    ]


@given(st.lists(st.tuples(minors, minors), min_size=1, max_size=8), rates,
       st.sampled_from(sorted(EXPONENTS)))  # fmt: skip
def test_every_invoice_is_an_entry_balanced_to_the_dong(amounts, rate, currency):
    if not any(net for net, _ in amounts) and not sum(vat for _, vat in amounts):
        return
    sold = invoice(*amounts, currency=currency, rate=rate)

    lines = rules.accepted(sold)

    worth = Fraction(rate) / 10 ** EXPONENTS[currency] if currency != "VND" else Fraction(1)
    rules.check(lines)
    assert sum(one.book_minor for one in lines) == 0
    for line in lines:
        exact = (line.debit_minor - line.credit_minor) * worth
        assert abs(line.book_minor - exact) < 1
    receivable = sum(net + vat for net, vat in amounts)
    (due,) = [one for one in lines if one.role is Role.RECEIVABLE] or [None]
    assert (due.debit_minor - due.credit_minor if due else 0) == receivable


@given(st.lists(minors, min_size=1, max_size=12), rates)
def test_shares_add_up_are_next_to_their_worth_and_keep_their_sign(amounts, rate):
    total, parts = rules.in_books(amounts, "USD", rate)

    exact = [minor * Fraction(rate) / 100 for minor in amounts]
    assert sum(parts) == total
    assert abs(total - sum(exact)) <= Fraction(1, 2)
    for minor, part, worth in zip(amounts, parts, exact, strict=True):
        assert abs(part - worth) < 1
        assert part * minor >= 0


def test_without_a_rate_nothing_is_booked():
    with pytest.raises(Fault, match="RATE_MISSING"):
        rules.accepted(invoice((1_000, 0), currency="USD", rate=None))


@pytest.mark.parametrize("amounts", [[], [(0, 0)], [(0, 8), (0, -8)]])
def test_an_invoice_of_nothing_is_no_entry(amounts):
    with pytest.raises(Fault, match="LEDGER_NOTHING"):
        rules.accepted(invoice(*amounts))


@pytest.mark.parametrize(
    ("received", "settled", "rounding"),
    [
        (16_200_000, 16_200_000, []),
        (16_199_000, 16_200_000, [("rounding", 1_000, 1_000)]),
        (16_201_000, 16_200_000, [("rounding", -1_000, -1_000)]),
    ],
)
def test_a_receipt_settles_an_invoice_and_the_rest_is_rounding(received, settled, rounding):
    lines = rules.applied(receipt(received, settled))

    assert told(lines) == [
        ("bank", received, received),
        *rounding,
        ("receivable", -settled, -settled),
    ]
    rules.check(lines)


def test_the_money_names_the_receipt_and_what_it_settles_the_invoice():
    paid = receipt(999, 1_000)

    bank, rounding, receivable = (one.about for one in rules.applied(paid))

    assert (bank.document_kind, bank.document_id) == ("receipt", paid.receipt_id)
    assert (receivable.document_kind, receivable.document_id) == ("invoice", paid.document_id)
    assert rounding == receivable and {bank.party_id, receivable.party_id} == {paid.party_id}


@pytest.mark.parametrize(
    ("given_receipt", "code"),
    [
        (receipt(16_198_999, 16_200_000), "LEDGER_ROUNDING"),
        (receipt(16_201_001, 16_200_000), "LEDGER_ROUNDING"),
        (receipt(0, 1_000), "LEDGER_ROUNDING"),
        (receipt(500, 0), "LEDGER_ROUNDING"),
        (receipt(100_00, 100_00, currency="USD"), "LEDGER_CURRENCY"),
    ],
)
def test_what_is_no_rounding_and_what_is_no_dong_waits(given_receipt, code):
    with pytest.raises(Fault, match=code):
        rules.applied(given_receipt)


ABOUT = Dimensions()


def line(debit_minor=0, credit_minor=0, book=None, currency="VND"):
    book = debit_minor - credit_minor if book is None else book
    return Line(Role.BANK, currency, debit_minor, credit_minor, book, ABOUT)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "LEDGER_UNBALANCED"),
        ([line(5)], "LEDGER_UNBALANCED"),
        ([line(5), line(0, 4)], "LEDGER_UNBALANCED"),
        ([line(5, currency="USD"), line(0, 5)], "LEDGER_UNBALANCED"),
        ([line(5, 0, 7, "USD"), line(0, 5, -6, "USD")], "LEDGER_UNBALANCED"),
        ([line(5), line(0, 5), line(0, 0)], "LEDGER_AMOUNT"),
        ([line(-5), line(0, -5)], "LEDGER_AMOUNT"),
        ([line(5, 5), line(5, 5)], "LEDGER_AMOUNT"),
        ([line(5, 0, 6), line(0, 5, -6)], "LEDGER_AMOUNT"),
        ([line(5, 0, -6, "USD"), line(0, 5, 6, "USD")], "LEDGER_AMOUNT"),
        ([line(5, 0, 5, "XXX"), line(0, 5, -5, "XXX")], "LEDGER_AMOUNT"),
        ([line(2**53), line(0, 2**53)], "LEDGER_AMOUNT"),
        ([line(True), line(0, True)], "LEDGER_AMOUNT"),
    ],
)
def test_what_is_no_entry_is_refused(lines, code):
    with pytest.raises(Fault, match=code):
        rules.check(lines)


def test_a_difference_of_exchange_has_no_amount_and_is_balanced_in_the_books():
    rules.check([
        line(100, 0, 2_650, "USD"), line(0, 100, -2_600, "USD"),
        Line(Role.FX_GAIN, "USD", 0, 0, -50, ABOUT),
    ])  # fmt: skip


def test_an_amount_below_zero_is_one_on_the_other_side():
    assert debit(Role.BANK, Money(-5, "VND"), ABOUT) == credit(Role.BANK, Money(5, "VND"), ABOUT)
    assert credit(Role.BANK, Money(-5, "USD"), ABOUT, book_minor=-9) == line(5, 0, 9, "USD")


# --- charts ---


@pytest.mark.parametrize("name", chart.names())
def test_every_role_has_an_account_in_every_chart_with_its_source(name):
    found = chart.chart_on(name, DAY)

    assert set(found.accounts) == set(Role)
    assert all(
        one.code.isdigit() and one.name_vi and one.name_en for one in found.accounts.values()
    )
    assert found.provisional and found.source and found.since <= DAY


def test_there_are_two_charts_and_a_day_before_both_still_has_one():
    assert set(chart.names()) == {"circular_99", "circular_133"}
    assert chart.chart_on("circular_99", date(2020, 1, 1)).since == date(2026, 1, 1)
    with pytest.raises(KeyError):
        chart.chart_on("circular_200", DAY)
