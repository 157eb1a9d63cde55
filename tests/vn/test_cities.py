"""Provinces that became cities in 2026: is an address judged by its day, and doubt said aloud?"""

from datetime import date, timedelta

import pytest

from domain.vn.addresses import parse_address
from domain.vn.provinces import old_provinces, provinces

# A city, its code, the day it became one, and what an address says of it.
CITIES = (
    ("Bắc Ninh", "24", date(2026, 9, 20), "Phường Bắc Giang, tỉnh Bắc Ninh"),
    ("Quảng Ninh", "22", date(2026, 9, 1), "Phường Hà Lầm, Quảng Ninh"),
    ("Đồng Nai", "75", date(2026, 4, 30), "Phường Trấn Biên, Đồng Nai"),
)


@pytest.mark.parametrize(("city", "code", "since", "text"), CITIES)
def test_a_province_is_a_city_from_the_day_its_resolution_says(city, code, since, text):
    before, then = (parse_address(text, on=day) for day in (since - timedelta(days=1), since))

    assert (before.province, before.province_now) == (f"Tỉnh {city}",) * 2
    assert (then.province, then.province_now) == (f"Thành phố {city}",) * 2
    assert before.province_code == then.province_code == code
    assert parse_address(text) == then


@pytest.mark.parametrize("old", ["70", "75", "22", "24", "27"])
def test_an_old_address_of_what_is_a_city_now_says_so(old):
    was = next(one for one in old_provinces() if one.code == old)
    found = parse_address(f"Thôn 1, Xã Tân Lập, Huyện Tân Yên, {was.name}")

    assert (found.era, found.province) == ("old", was.name)
    assert (found.province_now or "").startswith("Thành phố ")


def test_a_city_is_a_district_until_the_province_of_its_name_is_a_city():
    text = "Phường Kinh Bắc, TP. Bắc Ninh"
    before, then = (parse_address(text, on=date(2026, 9, day)) for day in (19, 20))

    assert (before.era, before.province_code) == ("old", "27")
    assert before.district == "Thành phố Bắc Ninh"
    assert (then.era, then.province, then.district) == ("new", "Thành phố Bắc Ninh", None)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("P. Bắc Giang, TP Bắc Ninh", ()),
        ("Phường Kinh Bắc, TP Bắc Ninh", ("ERA_BY_FORM",)),
        ("TP Bắc Ninh", ("ERA_UNSURE", "WARD_NOT_FOUND", "PROVINCE_CODE_UNSURE")),
        ("Phường 5, TP Bắc Ninh", ("ERA_UNSURE", "WARD_NOT_MAPPED", "PROVINCE_CODE_UNSURE")),
    ],
)
def test_only_a_ward_that_the_old_city_never_had_is_certainly_in_the_new_one(text, notes):
    assert parse_address(text).notes == notes


def test_34_provinces_are_9_cities_and_25_that_are_none():
    kinds = [province.name.split()[0] for province in provinces()]

    assert (kinds.count("Thành"), kinds.count("Tỉnh")) == (9, 25)


# Text, then era, street, ward, district, code of the province in that era, code today.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Phường Kinh Bắc, TP. Bắc Ninh", ("new", "-", "Phường Kinh Bắc", "-", "24", "24")),
        ("P. Bắc Giang, TP Bắc Ninh", ("new", "-", "Phường Bắc Giang", "-", "24", "24")),
        (
            "12 Lý Thái Tổ, P. Võ Cường, T.P Bắc Ninh, Việt Nam",
            ("new", "12 Lý Thái Tổ", "Phường Võ Cường", "-", "24", "24"),
        ),
        ("Xã Lục Ngạn, thành phố Bắc Ninh", ("new", "-", "Xã Lục Ngạn", "-", "24", "24")),
        ("Kinh Bac Ward, Bac Ninh City, Vietnam", ("new", "-", "Phường Kinh Bac", "-", "24", "24")),
        ("TP Bắc Ninh", ("either", "-", "-", "-", "-", "24")),
        (
            "Số 3 Nguyễn Đăng Đạo, thanh pho Bac Ninh",
            ("either", "Số 3 Nguyễn Đăng Đạo", "-", "-", "-", "24"),
        ),
        (
            "Phường Suối Hoa, TP. Bắc Ninh, tỉnh Bắc Ninh",
            ("old", "-", "Phường Suối Hoa", "Thành phố Bắc Ninh", "27", "24"),
        ),
        (
            "Phường Kinh Bắc, TP. Bắc Ninh, tỉnh Bắc Ninh",
            ("old", "-", "Phường Kinh Bắc", "Thành phố Bắc Ninh", "27", "24"),
        ),
        (
            "P. Suoi Hoa, TP Bac Ninh",
            ("old", "-", "Phường Suoi Hoa", "Thành phố Bac Ninh", "27", "24"),
        ),
        (
            "Phường Đình Bảng, TX. Từ Sơn, Bắc Ninh",
            ("old", "-", "Phường Đình Bảng", "Thị xã Từ Sơn", "27", "24"),
        ),
        ("Phường Trấn Biên, TP Đồng Nai", ("new", "-", "Phường Trấn Biên", "-", "75", "75")),
        ("phuong Trấn Biên, TP Đồng Nai", ("new", "-", "Phường Trấn Biên", "-", "75", "75")),
        ("Phường Hà Lầm, TP Quảng Ninh", ("new", "-", "Phường Hà Lầm", "-", "22", "22")),
        (
            "Phường Hồng Hà, TP. Hạ Long, Quảng Ninh",
            ("old", "-", "Phường Hồng Hà", "Thành phố Hạ Long", "22", "22"),
        ),
    ],
)
def test_an_address_in_a_city_of_today_is_read_as_a_person_reads_it(text, expected):
    found = parse_address(text)
    read = found.era, found.street, found.ward, found.district, found.province_code

    assert tuple(field or "-" for field in (*read, found.province_code_now)) == expected
