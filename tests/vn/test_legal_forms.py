"""Legal forms: what a company is called without the words that say what kind it is."""

import pytest

from domain.vn.legal_forms import core_name


@pytest.mark.parametrize(
    "name",
    [
        "Hòa Phát",
        "Công ty TNHH Hòa Phát",
        "CÔNG TY CỔ PHẦN HÒA PHÁT",
        "CTCP Hòa Phát",
        "Cty TNHH MTV TM DV XNK Hòa Phát",
        "Công ty Trách nhiệm hữu hạn Một thành viên Thương mại và Dịch vụ Hòa Phát",
        "Hoa Phat JSC",
        "Hoa Phat Co., Ltd.",
        "Hoa Phat Joint Stock Company",
        "Hoa Phat LLC",
    ],
)
def test_a_company_keeps_its_name_under_every_legal_form(name):
    assert core_name(name) == "hoa phat"


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Cơ khí Cổ Loa", "co khi co loa"),
        ("Công ty Cổ phần", "cong ty co phan"),
        ("Incheon Vietnam", "incheon vietnam"),
        ("", ""),
    ],
)
def test_what_only_looks_like_a_form_stays_and_a_name_is_never_empty(name, core):
    assert core_name(name) == core
