"""Is a Vietnamese name taken apart and put together without changing it?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contacts.rules import SALUTATION_TEXT, Salutation, address_as, compose_name, split_name


@pytest.mark.parametrize(
    ("display", "family", "middle", "given"),
    [
        ("Nguyễn Văn A", "Nguyễn", "Văn", "A"),
        ("Nguyễn Thị Ánh Tuyết", "Nguyễn", "Thị Ánh", "Tuyết"),
        ("Trần Kiều", "Trần", "", "Kiều"),
        ("Lan", "", "", "Lan"),
        ("  Lê   Văn  Tám ", "Lê", "Văn", "Tám"),
        ("Tôn Nữ Thị Ninh", "Tôn Nữ", "Thị", "Ninh"),
        ("TON THAT Tùng", "TON THAT", "", "Tùng"),
        ("Công Tằng Tôn Nữ Hoa", "Công Tằng Tôn Nữ", "", "Hoa"),
        ("Tôn Nữ", "Tôn", "", "Nữ"),
        ("", "", "", ""),
    ],
)
def test_family_comes_first_and_the_given_name_last(display, family, middle, given):
    assert split_name(display) == (family, middle, given)


@settings(deadline=None)
@given(st.text())
def test_a_name_taken_apart_can_be_put_together_again(display):
    assert compose_name(*split_name(display)) == " ".join(display.split())


@pytest.mark.parametrize(
    ("salutation", "given", "shown"),
    [
        ("anh", "Nam", "Anh Nam"),
        ("chi", "Lan", "Chị Lan"),
        ("ban", "Lan", "Bạn Lan"),
        ("em", "Lan", "Em Lan"),
        ("neutral", "Lan", "Anh/Chị Lan"),
        ("neutral", "", "Anh/Chị"),
    ],
)
def test_a_person_is_addressed_by_the_given_name(salutation, given, shown):
    assert address_as(Salutation(salutation), given) == shown


def test_every_salutation_has_words():
    assert set(SALUTATION_TEXT) == set(Salutation)
