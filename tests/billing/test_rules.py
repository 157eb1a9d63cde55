"""Buyers of each kind have what a hóa đơn needs of them, and nothing that contradicts it."""

import pytest

from domain.billing import rules
from domain.billing.rules import BuyerKind
from domain.kernel.countries import country_code
from domain.kernel.email import masked_address
from domain.kernel.faults import Fault


def code_of(check, *arguments):
    with pytest.raises(Fault) as caught:
        check(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (BuyerKind.VN_BUSINESS, "0314 556 677", "0314556677"),
        (BuyerKind.VN_BUSINESS, "9900000104001", "9900000104-001"),
        (BuyerKind.VN_BUSINESS, "001099012345", "001099012345"),  # a household business
        (BuyerKind.INDIVIDUAL, "001.099.012.345", "001099012345"),
        (BuyerKind.FOREIGN, "EIN 12-3456789", "EIN 12-3456789"),
        (BuyerKind.FOREIGN, None, None),
        (BuyerKind.CONSUMER, None, None),
    ],
)
def test_a_tax_code_is_kept_as_its_kind_writes_it(kind, typed, kept):
    assert rules.check_tax_id(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        (BuyerKind.VN_BUSINESS, "EIN 12-3456789", "VN_MST_INVALID"),
        (BuyerKind.VN_BUSINESS, "12345", "VN_MST_INVALID"),
        (BuyerKind.INDIVIDUAL, "hộ chiếu", "VN_MST_INVALID"),
        (BuyerKind.FOREIGN, "EIN\r\nBcc: x", "BUYER_INVALID"),
        (BuyerKind.FOREIGN, "9" * 41, "BUYER_INVALID"),
        (BuyerKind.CONSUMER, "0314556677", "BUYER_INVALID"),
    ],
)
def test_a_tax_code_that_fits_no_such_buyer_is_refused(kind, typed, code):
    assert code_of(rules.check_tax_id, kind, typed) == code


@pytest.mark.parametrize("kind", BuyerKind)
@pytest.mark.parametrize("country", ["VN", "US"])
def test_only_a_foreigner_is_abroad_and_only_a_business_must_be_here(kind, country):
    wrong = {(BuyerKind.FOREIGN, "VN"), (BuyerKind.VN_BUSINESS, "US")}
    if (kind, country) in wrong:
        assert code_of(rules.check_country, kind, country) == "BUYER_INVALID"
    else:
        rules.check_country(kind, country)


def test_only_a_business_in_vietnam_cannot_do_without_a_code():
    assert code_of(rules.check_complete, BuyerKind.VN_BUSINESS, None) == "BUYER_MST_MISSING"
    for kind in set(BuyerKind) - {BuyerKind.VN_BUSINESS}:
        rules.check_complete(kind, None)


def test_the_profiles_own_code_goes_before_the_accounts_and_a_consumer_has_neither():
    business = BuyerKind.VN_BUSINESS
    assert rules.effective_tax_id(business, "1", "2") == "1"
    assert rules.effective_tax_id(business, None, "2") == "2"
    assert rules.effective_tax_id(BuyerKind.CONSUMER, None, "2") is None


@pytest.mark.parametrize(("typed", "code"), [("vn", "VN"), (" US ", "US"), ("Gb", "GB")])
def test_a_country_is_its_code(typed, code):
    assert country_code(typed) == code


@pytest.mark.parametrize("typed", ["", "V", "VNM", "XX", "UK", "ＶＮ", "V N", "Việt Nam"])
def test_what_is_no_country_is_refused(typed):
    assert code_of(country_code, typed) == "COUNTRY_UNKNOWN"


def test_most_of_an_address_is_covered_in_a_list():
    assert masked_address("ketoan@daiduong.example") == "k***@daiduong.example"
