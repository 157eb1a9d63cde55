"""Tax codes of accounts: is a tax code read as it was typed, measured by the law of its day, and
never repeated?
"""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts.rules import (
    ACCOUNT_KINDS,
    TAX_CODE_LENGTHS,
    AccountType,
    check_tax_code,
    tax_code_lengths,
)
from domain.kernel.faults import Fault, Kind
from domain.vn.tax_codes import TaxCodeStatus, checksum_ok

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
COMPANIES = [AccountType.LLC, AccountType.JSC, AccountType.FDI]
PEOPLE = [AccountType.SOLE_PROPRIETOR, AccountType.INDIVIDUAL]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("0311916028", "0311916028"),
        (" 0311 916 028 ", "0311916028"),
        ("0311.916.028", "0311916028"),
        ("０３１１９１６０２８", "0311916028"),
        ("0311916028-001", "0311916028-001"),
        ("0311916028001", "0311916028-001"),
        ("0311916028 – 001", "0311916028-001"),
        ("0314556677", "0314556677"),  # fails its check digit, which only advises
    ],
)
def test_a_company_code_is_brought_to_one_form(typed, canonical):
    assert check_tax_code(AccountType.LLC, typed, AFTER) == canonical
    assert check_tax_code(AccountType.LLC, canonical, AFTER) == canonical


@pytest.mark.parametrize("account_type", PEOPLE)
def test_people_may_use_their_personal_number_from_july_2025(account_type):
    assert check_tax_code(account_type, "001201123456", AFTER) == "001201123456"
    assert check_tax_code(account_type, "8012345678", AFTER) == "8012345678"
    with pytest.raises(Fault) as caught:
        check_tax_code(account_type, "001201123456", BEFORE)
    assert caught.value.facts["lengths"] == [10]


@pytest.mark.parametrize(
    ("account_type", "on", "lengths"),
    [(each, on, (10, 13)) for each in COMPANIES for on in (BEFORE, AFTER)]
    + [(each, BEFORE, (10,)) for each in PEOPLE]
    + [(each, AFTER, (10, 12)) for each in PEOPLE]
    + [(AccountType.OTHER, BEFORE, ()), (AccountType.OTHER, AFTER, ())],
)
def test_the_lengths_are_those_of_the_day(account_type, on, lengths):
    assert tax_code_lengths(account_type, on) == lengths


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "VV34567890",
        "031191602O",
        "0311916028-01",
        "001201123456",
        "0" * 41,
        "٠٣١١٩١٦٠٢٨",
    ],
)
def test_a_wrong_code_is_refused_with_the_lengths_that_are_right(typed):
    with pytest.raises(Fault) as caught:
        check_tax_code(AccountType.LLC, typed, AFTER)

    fault = caught.value
    assert (fault.code, fault.kind) == ("VN_MST_INVALID", Kind.INVALID)
    assert fault.facts["lengths"] == [10, 13]
    assert "10 or 13 digits" in fault.message
    assert not typed or typed not in str(fault)


def test_a_zero_that_a_spreadsheet_dropped_is_recognised():
    with pytest.raises(Fault) as caught:
        check_tax_code(AccountType.JSC, "102519041", AFTER)

    assert "leading zero" in caught.value.hint
    assert caught.value.facts["length_given"] == 9


def test_an_account_of_no_known_type_may_have_any_number_of_digits():
    for typed in ("1", "12345", "1" * 20, "1" + " " * 39):
        assert check_tax_code(AccountType.OTHER, typed, AFTER) == typed.strip()
    for typed in ("", "AB123", "1" * 21, "1." * 20 + "1"):
        with pytest.raises(Fault):
            check_tax_code(AccountType.OTHER, typed, AFTER)


@given(st.text(max_size=60), st.sampled_from(list(AccountType)))
def test_whatever_is_typed_becomes_a_canonical_code_or_a_refusal(typed, account_type):
    try:
        canonical = check_tax_code(account_type, typed, AFTER)
    except Fault as fault:
        canonical = fault.code

    assert canonical == "VN_MST_INVALID" or re.fullmatch(r"[0-9]{10}-[0-9]{3}|[0-9]+", canonical)


@pytest.mark.parametrize(
    "code", ["0315615423", "0311916028", "0314185087", "0302712571", "4200919944", "2000102580-003"]
)
def test_published_codes_pass_their_check_digit(code):
    assert checksum_ok(code) is True


@pytest.mark.parametrize(
    "code", ["0100233480", "0100109107", "0100000008", "0314409058-000", "0314556677", "0301234567"]
)
def test_invented_and_mistyped_codes_fail_it(code):
    assert checksum_ok(code) is False


def test_a_serial_that_is_never_issued_fails_though_its_arithmetic_is_right():
    assert checksum_ok("0100000003") is False
    assert checksum_ok("0110000002") is True


@pytest.mark.parametrize("code", ["001201123456", "12345"])
def test_a_code_without_a_check_digit_gets_no_verdict(code):
    assert checksum_ok(code) is None


@given(st.sampled_from(["0315615423", "0311916028"]), st.integers(0, 9), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(code, place, step):
    wrong = str((int(code[place]) + step) % 10)

    assert checksum_ok(code[:place] + wrong + code[place + 1 :]) is False


def test_every_type_has_names_a_template_and_a_dated_law():
    templates = {kind.type.value: kind.template_code for kind in ACCOUNT_KINDS.values()}

    assert templates == {
        "sole_proprietor": "06GTKT",
        "llc": "01GTKT",
        "jsc": "01GTKT",
        "fdi": "01GTKT",
        "individual": "06GTKT",
        "other": "manual",
    }
    assert {row.account_type for row in TAX_CODE_LENGTHS} == set(AccountType)
    assert all(kind.name_vi and kind.name_en for kind in ACCOUNT_KINDS.values())
    assert [status.value for status in TaxCodeStatus] == [
        "valid",
        "invalid",
        "stale",
        "unverified",
    ]
