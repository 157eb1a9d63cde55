"""A tax code is read as people and spreadsheets write it; its arithmetic only advises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.vn.tax_codes import masked, read_tax_code
from tests.vn.examples import examples

EXAMPLES = examples("mst_examples")


@pytest.mark.parametrize("one", EXAMPLES["published"], ids=lambda one: one["mst"])
def test_a_published_code_is_read_and_its_checksum_agrees(one):
    code = read_tax_code(one["mst"])

    assert code.checksum_ok is one["passes"]
    assert code.normalised.replace("-", "") == "".join(filter(str.isdigit, one["mst"]))
    assert read_tax_code(code.normalised) == code


@pytest.mark.parametrize(
    ("typed", "normalised", "kind", "checksum"),
    [
        ("０１００１０９１０６", "0100109106", "company", True),
        (" 0100.109.106 ", "0100109106", "company", True),
        ("0312 68 78 78 - 001", "0312687878-001", "branch", True),
        ("0312687878001", "0312687878-001", "branch", True),
        ("0314409058-000", "0314409058-000", "branch", False),
        ("0100109107", "0100109107", "company", False),
        ("001 201 123 456", "001201123456", "person", None),
    ],
)
def test_each_kind_has_one_form(typed, normalised, kind, checksum):
    code = read_tax_code(typed)

    assert (code.normalised, code.kind.value, code.checksum_ok) == (normalised, kind, checksum)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("102519041", "0102519041"),
        ("102519041-001", "0102519041-001"),
        ("1201123456 7", "*********567"),
        ("12345", None),
        ("VV34567890", None),
        ("", None),
        ("1" * 500, None),
        ("٠١٠٠١٠٩١٠٦x", None),
    ],
)
def test_a_wrong_length_is_refused_and_a_lost_zero_is_offered_back(typed, suggestion):
    with pytest.raises(Fault) as caught:
        read_tax_code(typed)

    assert caught.value.code == "VN_MST_INVALID"
    assert caught.value.facts.get("suggestion") == suggestion


@given(st.text(max_size=60) | st.from_regex(r"[0-9 .-]{9,16}", fullmatch=True))
def test_no_text_breaks_the_reader_and_what_it_reads_it_reads_again(text):
    try:
        code = read_tax_code(text)
    except Fault:
        return
    assert read_tax_code(code.normalised) == code


def test_a_persons_number_is_shown_by_its_end_alone():
    assert masked("001201123456") == "*********456"
    assert masked("0100109106") == "0100109106"
    assert masked(None) is None
