"""Exchange rate commands: does a rate that people record end the guessing, and does the view say
when there is none?
"""

import pytest

from tests.cli.console import Place
from tests.sqlite import by_hand

TENANT = ("--tenant", "sao-bien")


@pytest.fixture
def without_rates(copied: Place) -> Place:
    """The demo before anybody recorded a rate."""
    with by_hand(copied.data_dir / "cyberos.db") as connection:
        guards = connection.execute(
            "select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'fx_rate'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"drop trigger {name}")
        connection.execute("delete from fx_rate")
        for _, sql in guards:
            connection.execute(sql)
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
    assert said in without_rates.run("show", before, "--lang", lang).out

    without_rates.ok("rate", "add", *TENANT, "--rate", "26300", "--source", "ngân hàng")
    after = without_rates.proposed()

    assert said not in without_rates.run("show", after, "--lang", lang).out
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
        ("vi", "Cùng khách hàng, 24 giờ  ≈ 120.000,00 USD (tính cả việc này)"),
        ("en", "Same customer, 24 hours  ≈ USD 120,000.00 (this one included)"),
    ],
)
def test_the_view_says_why_a_second_deal_of_the_day_needs_more_signatures(copied, lang, said):
    account = copied.call("crm_create_account", {"name": "Công ty Phú Quý", "account_type": "llc"})
    one = {"account_id": account["id"], "amount_minor": 6_000_000, "currency": "USD"}
    first, second = copied.proposed(**one), copied.proposed(**one)

    alone, together = (copied.run("show", id, "--lang", lang).out for id in (first, second))

    assert said in together and "cro (cro): " in together
    assert said not in alone and "cro (cro): " not in alone
    amount = copied.ok("show", second)["action"]["amount"]
    assert amount["customer_sum_24h_usd_minor"] == 12_000_000


def test_the_view_says_that_what_a_customer_is_asked_for_together_is_unknown(copied):
    account = copied.call("crm_create_account", {"name": "Công ty Phú Quý", "account_type": "llc"})
    one = {"account_id": account["id"], "amount_minor": 100}
    copied.proposed(**one, currency="JPY")

    view = copied.run("show", copied.proposed(**one, currency="USD"), "--lang", "en").out

    assert "Same customer, 24 hours  value in USD unknown" in view and "cro (cro): open" in view
