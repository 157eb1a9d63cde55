"""A bank is found by whatever people call it, and two banks are never mixed up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.vn.banks import all_banks, find_bank


@pytest.mark.parametrize("bank", all_banks(), ids=lambda bank: bank.short_name)
def test_every_bank_is_found_by_each_of_its_names(bank):
    for name in (bank.bin, bank.code, bank.short_name, bank.name, bank.swift):
        if name is not None:
            assert find_bank(name) is bank
            assert find_bank(f" {name.lower()} ") is bank


@pytest.mark.parametrize(
    ("typed", "bin"),
    [
        ("vietcombank", "970436"),
        ("Ngân hàng TMCP Á Châu", "970416"),
        ("ngan hang tmcp a chau", "970416"),
        ("BFTVVNVXXXX", "970436"),
        ("CTG", "970415"),
        ("Oceanbank", "970414"),
        ("DongA Bank", "970406"),
        ("VCBNeo", "970444"),
        ("VCB Neo", "970444"),
        ("Ngân hàng TNHH MTV Ngoại thương Công nghệ số", "970444"),
        ("Ngân hàng Thương mại TNHH MTV Ngoại thương Công nghệ số", "970444"),
        ("Ngoại thương Công nghệ số", "970444"),
        ("CBBank", "970444"),
        ("Kỷ Nguyên Thịnh Vượng", "970408"),
        ("ngan hang tm tnhh mtv ky nguyen thinh vuong", "970408"),
        ("Dầu Khí Toàn Cầu", "970408"),
        ("GPBank", "970408"),
        ("MBV", "970414"),
        ("Vikki", "970406"),
        ("Ngân hàng TMCP Thịnh vượng và Phát triển", "970430"),
        ("Ngân hàng Vietcombank", "970436"),
        ("Ngân hàng TMCP Quân Đội (MB Bank)", "970422"),
        ("MB Bank (Ngân hàng Quân Đội)", "970422"),
        ("Bản Việt", "970454"),
        ("UOB Việt Nam", "970458"),
        ("NH TMCP Á Châu", "970416"),
    ],
)
def test_earlier_names_other_codes_and_branches_lead_to_the_bank(typed, bin):
    assert find_bank(typed).bin == bin


def test_wrong_bins_of_public_lists_are_not_taken_over():
    assert find_bank("BIDV").bin == "970418"
    assert find_bank("PVcomBank").bin == "970412"
    assert find_bank("ABBANK").bin == "970425"
    assert len({bank.bin for bank in all_banks()}) == len(all_banks())


def test_it_is_known_which_banks_no_transfer_reaches():
    assert find_bank("Vietcombank").receives
    assert not find_bank("Citibank").receives


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "x",
        "Ngân hàng",
        "Ngân hàng TMCP Việt Nam",
        "ACB (Vietcombank)",
        "Ngân hàng Trung ương Sao Hỏa",
        "970000",
        "a" * 9_999,
    ],
)
def test_an_unknown_bank_is_not_guessed(typed):
    with pytest.raises(Fault) as caught:
        find_bank(typed)

    assert caught.value.code == "BANK_UNKNOWN"


@given(st.text(max_size=200))
def test_no_text_breaks_the_search_for_a_bank(text):
    try:
        bank = find_bank(text)
    except Fault:
        return
    assert bank in all_banks()


def test_a_near_miss_is_answered_with_those_that_look_alike():
    with pytest.raises(Fault) as caught:
        find_bank("tech")

    assert "Techcombank (970407)" in caught.value.hint


def test_a_renamed_bank_is_shown_by_its_name_of_today():
    assert find_bank("CBBank").short_name == "VCBNeo"
    assert find_bank("GPBank").name == "Ngân hàng Thương mại TNHH MTV Kỷ Nguyên Thịnh Vượng"


def test_every_bank_is_found_by_each_name_it_has_today():
    for bank in all_banks():
        for name in (bank.bin, bank.code, bank.short_name, bank.name, bank.name.upper()):
            assert find_bank(name) == bank
