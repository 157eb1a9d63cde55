"""The seller on a hóa đơn: it is recorded from a day on, and never overwritten."""

import pytest

from tests.cli.console import Place

OURS = ("--tenant", "sao-bien")
NEXT = {
    "--from": "2031-01-01",
    "--legal-name": "CÔNG TY CỔ PHẦN SAO BIỂN MỚI",
    "--mst": "9900000231",
    "--address": "1 Lê Duẩn, TP. Đà Nẵng",
    "--vat-method": "credit",
    "--symbol": "c31tcy",
}


def flags(**bent: str | None) -> list[str]:
    """The flags of a profile, some of them bent or left out."""
    given = {**NEXT, **{f"--{name.replace('_', '-')}": value for name, value in bent.items()}}
    return [part for name, value in given.items() if value is not None for part in (name, value)]


def profiles(place: Place, tenant: str = "sao-bien"):
    return place.ok("company", "profile", "--tenant", tenant)["profiles"]


@pytest.mark.both
def test_a_profile_is_recorded_once_from_its_day_on(place):
    before = profiles(place)

    first = place.ok("company", "profile", *OURS, *flags())
    again = place.ok("company", "profile", *OURS, *flags())
    after = profiles(place)

    assert (first["recorded"], again["recorded"]) == (True, False)
    assert (first["profile"]["symbol"], first["profile"]["from"]) == ("C31TCY", "2031-01-01")
    known = [one["id"] for one in before]
    assert [one["id"] for one in after if one["id"] not in known] == [first["profile"]["id"]]
    assert [one["from"] for one in after] == sorted((one["from"] for one in after), reverse=True)
    current = [one["id"] for one in before if one["current"]]
    assert [one["id"] for one in after if one["current"]] == current
    tail = place.ok("audit", "tail", *OURS, "-n", "1")["entries"][-1]
    assert (tail["event"], tail["object"]) == (
        "company.profile_recorded",
        f"seller_profile:{first['profile']['id']}",
    )
    assert place.run("audit", "verify", *OURS).code == 0


def test_the_demo_has_one_of_this_year_for_each_company(embedded):
    for tenant in ("sao-bien", "hoa-sen"):
        one = profiles(embedded, tenant)[-1]
        assert one["current"] and one["from"].endswith("-01-01")
        assert one["symbol"].startswith(f"C{one['from'][2:4]}T")
    assert f"* from {one['from']}" in embedded.run("company", "profile", "--tenant", "hoa-sen").out


def test_another_profile_of_the_same_day_is_refused(embedded):
    embedded.ok("company", "profile", *OURS, *flags(**{"from": "2033-01-01", "symbol": "C33TCY"}))

    other = flags(**{"from": "2033-01-01", "symbol": "C33TCY", "address": "Nơi khác"})
    fault = embedded.fault("company", "profile", *OURS, *other)

    assert (fault["code"], fault["exit"]) == ("PROFILE_CONFLICT", 4)


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"symbol": "C30TCY"}, "SYMBOL_INVALID"),
        ({"symbol": "C31TCYY"}, "SYMBOL_INVALID"),
        ({"symbol": "A31TCY"}, "SYMBOL_INVALID"),
        ({"symbol": "C31ZCY"}, "SYMBOL_INVALID"),
        ({"symbol": "C31TC1"}, "SYMBOL_INVALID"),
        ({"symbol": "C٣١TCY"}, "SYMBOL_INVALID"),
        ({"mst": "123"}, "VN_MST_INVALID"),
        ({"mst": "001099012345"}, "VN_MST_INVALID"),
        ({"vat_method": "both"}, "PROFILE_INVALID"),
        ({"from": "2031-02-30"}, "PROFILE_INVALID"),
        ({"from": "tomorrow"}, "PROFILE_INVALID"),
        ({"legal_name": "A\u202eB"}, "PROFILE_INVALID"),
        ({"address": "x" * 501}, "PROFILE_INVALID"),
        ({"address": None}, "PROFILE_INVALID"),
        ({"from": None}, "PROFILE_INVALID"),
        ({"email": "nobody"}, "EMAIL_INVALID"),
    ],
)
def test_what_cannot_stand_on_an_invoice_is_refused(embedded, bent, code):
    before = profiles(embedded)

    fault = embedded.fault("company", "profile", *OURS, *flags(**bent))

    assert fault["code"] == code
    assert profiles(embedded) == before
