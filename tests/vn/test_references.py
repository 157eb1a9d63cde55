"""A payment reference is found in what banks make of a memo, and nothing else is taken for one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.vn import references
from domain.vn.references import LENGTH, find_references, is_reference, new_reference

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCES = st.builds(new_reference)


@given(REFERENCES)
def test_a_new_reference_is_one_and_no_two_are_alike(reference):
    assert is_reference(reference)
    assert len(reference) == LENGTH
    assert reference != new_reference()


@pytest.mark.parametrize("drawn", ["AHDETG1", "00000HD", "000003H", "0000008"])
def test_a_reference_in_which_another_would_begin_is_drawn_again(monkeypatch, drawn):
    letters = iter(f"{drawn}7K2M9QX")
    monkeypatch.setattr(references.secrets, "choice", lambda _: next(letters))

    assert new_reference()[2:9] == "7K2M9QX"


@given(REFERENCES, st.integers(2, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(reference, place, wrong):
    assume(reference[place] != wrong)
    spoiled = reference[:place] + wrong + reference[place + 1 :]

    assert not is_reference(spoiled)
    assert reference not in find_references(spoiled)
    assert spoiled not in find_references(spoiled)


@given(REFERENCES, st.integers(2, 8))
def test_two_characters_that_changed_places_are_noticed(reference, place):
    assume(reference[place] != reference[place + 1])
    swapped = reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]

    assert not is_reference(swapped)


@given(REFERENCES, st.lists(st.integers(1, 9), max_size=4), st.sampled_from([" ", ".", "-", "/"]))
def test_spaces_signs_and_case_do_not_hide_it(reference, places, sign):
    broken = "".join(
        f"{sign}{letter}" if place in places else letter for place, letter in enumerate(reference)
    )

    assert reference in find_references(broken.lower())


@pytest.mark.parametrize(
    "memo",
    [
        "{}",
        "MBVCB.3278907687.{} HD7.CT tu 0011001932418 NGUYEN VAN A toi 19036789012345",
        "CK DEN {}-211126-10:15:33 FT26325",
        "thanh toan hoa don {} cong ty dai duong",
        "QR   -   {}",
        "IBFT {}/VND",
    ],
)
def test_it_is_found_among_what_banks_put_around_it(memo):
    reference = new_reference()

    assert reference in find_references(memo.format(reference))


def test_it_survives_a_cut_behind_it_and_not_one_through_it():
    reference = new_reference()

    assert find_references(f"{reference} thanh toan don hang"[:25])[0] == reference
    assert reference not in find_references(f"thanh toan don hang {reference}"[:25])


def test_a_zero_read_as_an_o_and_a_one_as_an_l_are_put_right():
    reference = next(one for one in iter(new_reference, "") if "0" in one[2:] and "1" in one[2:])

    typed = reference[:2] + reference[2:].replace("0", "O").replace("1", "l")

    assert find_references(typed) == (reference,)


@given(st.text(max_size=300))
def test_no_memo_breaks_the_finder_and_all_it_finds_are_references(memo):
    assert all(is_reference(found) for found in find_references(memo))


@pytest.mark.parametrize(
    "memo",
    [
        "TT HD {} CONG TY DAI DUONG",  # hóa đơn
        "thanh toan hd{}",
        "hop dong HD-{}/2026/HDMB",
        "HĐ {} ngày 21.11.2026",
        "HD {}CT tu 0011001932418",
        "MBVCB.3278907687.HD{}.CK",
        "HD.O{} va HD.I{}",  # read as 0 and 1
    ],
)
@given(st.integers(0, 10**12))
def test_no_number_of_an_invoice_or_a_contract_is_taken_for_a_reference(memo, number):
    for width in (7, 8, 9, 12):
        text = memo.replace("{}", f"{number:0{width}d}")
        assert find_references(text) == (), text


@given(REFERENCES, st.integers(0, 10**12))
def test_among_numbers_of_contracts_the_reference_alone_is_found(reference, number):
    memo = f"TT HD {number:08d} theo HD{number:012d}/HDKT ma so {reference} HD {number:07d}"

    assert find_references(memo) == (reference,)


@given(st.text("0123456789", min_size=7, max_size=7))
def test_a_number_that_would_pass_the_check_is_none(digits):
    whole = f"HD{digits}{references._check(digits)}"

    assert find_references(whole) == ()
    assert find_references(f"{whole}45") == find_references(f"12 {whole.lower()}, 45") == ()


@given(
    REFERENCES,
    st.sampled_from(["", "MBVCB", "CK ", "tt", "IBFT.", "0011001932418", "ND:"]),
    st.sampled_from(["", "CT", " thanh toan", "26325", ".FT26325001", "-211126-10:15:33"]),
    st.sampled_from([str, str.lower, str.title, str.swapcase]),
)
def test_what_banks_write_before_and_behind_it_in_any_case_does_not_hide_it(
    reference, before, behind, case
):
    assert reference in find_references(case(f"{before}{reference}{behind}"))
