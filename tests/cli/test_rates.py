"""Exchange rate commands: does a rate that people record end the guessing, and does the view say
when there is none?
"""

import pytest

from tests.cli.console import Place
from tests.sqlite import without_triggers

TENANT = ("--tenant", "sao-bien")


@pytest.fixture
def without_rates(copied: Place) -> Place:
    """The demo before anybody recorded a rate."""
    with without_triggers(copied.data_dir / "cyberos.db") as connection:
        connection.execute("delete from fx_rate")
    return copied


def warned(place: Place) -> bool:
    checks = place.run("doctor", "--json", *TENANT).body["checks"]
    return any("`cyberos rate add`" in one["sentence"] for one in checks)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("vi", "chưa rõ giá trị USD, nên cần thêm chữ ký như với số tiền lớn"),
        ("en", "value in USD unknown, so the larger quorum signs"),
    ],
)
def test_the_view_says_why_more_people_sign(without_rates, lang, said):
    before = without_rates.proposed()
    assert f"({said})" in without_rates.run("show", before, "--lang", lang).out

    without_rates.ok("rate", "add", *TENANT, "--rate", "26300", "--source", "ngân hàng")
    after = without_rates.proposed()

    assert f"({said})" not in without_rates.run("show", after, "--lang", lang).out
    assert without_rates.ok("show", after)["action"]["amount"]["amount_usd_minor"] is not None


def test_doctor_warns_until_a_rate_is_recorded(without_rates):
    assert warned(without_rates)

    rate = ["rate", "add", *TENANT, "--rate", "26300", "--source", "x"]
    without_rates.ok(*rate, "--on", "2026-01-02")  # too old to say anything

    assert warned(without_rates)

    without_rates.ok(*rate)

    assert not warned(without_rates)


def test_a_rate_is_chained_once(place):
    given = ["--currency", "eur", "--rate", "30100.5", "--source", "Vietcombank"]

    first = place.ok("rate", "add", *TENANT, *given)["rate"]
    second = place.ok("rate", "add", *TENANT, *given)["rate"]
    fault = place.fault("rate", "add", *TENANT, *given[:3], "30200", *given[4:])

    assert first == second
    assert (first["base"], first["quote"], first["value"]) == ("EUR", "VND", "30100.5")
    assert (fault["code"], fault["exit"]) == ("RATE_CONFLICT", 4)
    rows = place.ok("audit", "tail", *TENANT, "-n", "10000")["entries"]
    told = [row for row in rows if row["object"] == f"fx_rate:{first['id']}"]
    assert [(row["event"], row["actor"]) for row in told] == [("fx.recorded", "system:operator")]
    assert place.ok("audit", "verify")["ok"] is True


def test_a_rate_stands_in_a_column_of_its_source(place):
    given = ["--currency", "GBP", "--rate", "34100", "--source", "bank"]

    plain = place.ok("rate", "add", *TENANT, *given)["rate"]
    bought = place.ok("rate", "add", *TENANT, *given, "--column", "transfer_buy")["rate"]
    unknown = place.run("rate", "add", *TENANT, *given, "--column", "guess")

    assert (plain["column"], bought["column"]) == ("mid", "transfer_buy")
    assert plain["id"] != bought["id"]
    assert unknown.code != 0


@pytest.mark.parametrize(("currency", "far"), [("AUD", "22001"), ("CAD", "17999")])
def test_a_rate_far_from_the_last_one_is_refused_unless_it_is_meant(place, currency, far):
    of = ["rate", "add", *TENANT, "--currency", currency]
    place.ok(*of, "--rate", "20000", "--source", "x")
    given = [*of, "--source", "y", "--rate"]

    fault = place.fault(*given, far)
    place.ok(*given, far, "--even-so")

    assert (fault["code"], fault["exit"]) == ("RATE_FAR", 4)
    assert fault["facts"]["last"] == "20000" and "--even-so" in fault["hint"]


def test_a_rate_within_a_tenth_of_the_last_one_needs_no_more(place):
    for rate in ("20000", "22000", "19800"):
        given = ["--currency", "CHF", "--rate", rate, "--source", rate]
        place.ok("rate", "add", *TENANT, *given)


def test_the_demo_has_a_rate_to_book_dollars_by(embedded):
    given = ["--rate", "26120", "--source", "bank", "--column", "transfer_buy"]

    there = embedded.fault("rate", "add", *TENANT, *given[:1], "26119", *given[2:])

    assert there["code"] == "RATE_CONFLICT"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (["--rate", "26.300"], "RATE_INVALID"),
        (["--rate", "26,300"], "RATE_INVALID"),
        (["--rate", "0"], "RATE_INVALID"),
        (["--rate", "-1"], "RATE_INVALID"),
        (["--rate", "1e5"], "RATE_INVALID"),
        (["--currency", "XYZ"], "CURRENCY_UNKNOWN"),
        (["--currency", "VND"], "RATE_INVALID"),
        (["--source", "a\nb"], "RATE_INVALID"),
        (["--on", "2999-01-01"], "RATE_INVALID"),
        (["--on", "yesterday"], "RATE_INVALID"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(embedded, changes, code):
    given = ["--currency", "USD", "--rate", "26300", "--source", "x", *changes]

    assert embedded.fault("rate", "add", *TENANT, *given)["code"] == code


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("vi", "Cùng khách hàng, 24 giờ     ≈ 120.000,00 USD (tính cả việc này)"),
        ("en", "Same customer, 24 hours       ≈ USD 120,000.00 (this one included)"),
    ],
)
def test_the_view_says_why_a_second_deal_of_the_day_needs_more_signatures(fresh, lang, said):
    account = fresh.call("crm_create_account", {"name": "Công ty Phú Quý", "account_type": "llc"})
    one = {"account_id": account["id"], "amount_minor": 6_000_000, "currency": "USD"}
    first, second = fresh.proposed(**one), fresh.proposed(**one)

    alone, together = (fresh.run("show", id, "--lang", lang).out for id in (first, second))

    assert said in together and "cro (cro): " in together
    assert said not in alone and "cro (cro): " not in alone
    amount = fresh.ok("show", second)["action"]["amount"]
    assert amount["customer_sum_24h_usd_minor"] == 12_000_000
    assert amount["person_sum_24h_usd_minor"] == 12_000_000


def test_the_view_says_that_what_a_customer_is_asked_for_together_is_unknown(copied):
    account = copied.call("crm_create_account", {"name": "Công ty Phú Quý", "account_type": "llc"})
    one = {"account_id": account["id"], "amount_minor": 100}
    copied.proposed(**one, currency="JPY")

    view = copied.run("show", copied.proposed(**one, currency="USD"), "--lang", "en").out

    assert (
        "Same customer, 24 hours       value in USD unknown" in view and "cro (cro): open" in view
    )


def test_the_view_names_customers_of_the_day_that_look_alike(fresh):
    names = ("Công ty Phú Quý", "C\u043eng-ty Phu Quy")  # a Cyrillic o
    first, _ = [
        fresh.proposed(
            account_id=fresh.call("crm_create_account", {"name": name, "account_type": "llc"})[
                "id"
            ],
            amount_minor=cents,
            currency="USD",
        )
        for name, cents in zip(names, (1_000_000, 2_000_000), strict=True)
    ]

    view = fresh.run("show", first, "--lang", "en").out
    (told,) = fresh.ok("show", first)["action"]["similar_customers"]

    assert f'≈ USD 20,000.00, "{names[1]}"' in view.split("Similar customer, 24 hours")[1]
    assert (told["name"], told["usd_minor_24h"]) == (names[1], 2_000_000)


def test_a_far_rate_is_refused_before_anybody_is_asked_for_a_key(place, tmp_path):
    given = ["rate", "add", *TENANT, "--currency", "SGD", "--source", "x", "--rate"]
    place.ok(*given, "20000")

    fault = place.fault(*given, "200000", "--key", str(tmp_path / "none.key"))

    assert fault["code"] == "RATE_FAR"


def test_rates_on_record_are_listed_newest_first(place):
    for day, rate in (("2026-11-02", "5000"), ("2026-11-03", "5100")):
        place.ok("rate", "add", *TENANT, "--currency", "THB", "--rate", rate, "--source", "a",
                 "--on", day)  # fmt: skip

    found = place.ok("rate", "list", *TENANT, "--currency", "thb")["rates"]
    shown = place.run("rate", "list", *TENANT, "--currency", "THB").out

    assert [(one["as_of"], one["value"]) for one in found] == [
        ("2026-11-03", "5100"), ("2026-11-02", "5000"),
    ]  # fmt: skip
    assert "2026-11-03  1 THB = 5100 VND  a (mid)" in shown


@pytest.mark.parametrize("source", ["…", "...", " - "])
def test_a_source_that_names_nobody_is_refused(embedded, source):
    fault = embedded.fault("rate", "add", *TENANT, "--rate", "26000", "--source", source)

    assert fault["code"] == "RATE_INVALID"


def test_whoever_signs_sees_by_which_rate_of_whom_and_of_which_day(fresh):
    action_id = fresh.proposed(amount_minor=263_100_000)
    rate = next(one for one in fresh.ok("rate", "list", *TENANT)["rates"] if one["column"] == "mid")

    english = fresh.run("show", action_id, "--lang", "en").out

    told = f'1 USD = {rate["value"]} VND, {rate["as_of"]}, "{rate["source"]}" (mid)'
    assert "(≈ USD 10,000.00)" in english and told in english.split("\nRate ")[1]
    assert "\nTỷ giá " in fresh.run("show", action_id).out
