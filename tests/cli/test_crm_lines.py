"""The lines of `cyberos-crm` are those of the specification, and say nothing that is untrue."""

from zoneinfo import ZoneInfo

import pytest

from domain.store.chain import Sealed
from server.cli import agent_lines
from server.crm_cli import lines
from server.crm_cli.words import CrmWords

ENGLISH, VIETNAMESE = CrmWords("en"), CrmWords("vi")
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
ID = "01HZK7A0000000000000000000"
ACME = {
    "id": ID,
    "name": "ACME Vietnam Co., Ltd.",
    "legal_name": "CÔNG TY TNHH ACME VIỆT NAM",
    "vn_mst": "0314****77",
    "vn_mst_status": "valid",
}
PEOPLE = [
    ("Nguyễn Văn A", "vana@acme.vn", "+84903123456", "anh", True),
    ("Trần Thị B", "thib@acme.vn", "+84909222333", "chi", False),
    ("Phạm Minh C", "minhc@acme.vn", "+84908111222", "neutral", False),
]
CONTACTS = [
    dict(zip(("display_name", "email", "phone_e164", "salutation", "is_primary"), one, strict=True))
    for one in PEOPLE
]
VND = {
    "currency": "VND",
    "bands": [
        {
            "band_pct": 50,
            "low_minor": 1_200_000_000,
            "mid_minor": 1_450_000_000,
            "high_minor": 1_750_000_000,
        },
        {
            "band_pct": 95,
            "low_minor": 500_000_000,
            "mid_minor": 1_450_000_000,
            "high_minor": 2_100_000_000,
        },
    ],
}
USD = {
    "currency": "USD",
    "bands": [
        {"band_pct": 50, "low_minor": 45_600_50, "mid_minor": 55_100_00, "high_minor": 66_500_00}
    ],
}
FORECAST = {
    "from_date": "2026-11-21",
    "to_date": "2027-02-19",
    "summary": "There is nothing to forecast.",
    "total": VND,
    "total_usd": USD,
    "top_deals": [
        {
            "id": ID,
            "name": "ACME Q3 build",
            "amount_minor": 750_000_000,
            "currency": "VND",
            "probability_pct": 75,
        },
        {
            "id": ID,
            "name": "BetaCo retainer",
            "amount_minor": 12_000_00,
            "currency": "USD",
            "probability_pct": 8,
        },
    ],
    "notes": ["2 deals are overdue."],
}


def test_an_account_that_the_registry_knows_by_another_name():
    assert lines.account_created(ACME, "ACME Vietnam Co., Ltd.", ENGLISH) == [
        "[mst] vn-mst-validate skill invoked",
        '[mst] ✓ matches GDT registry: "CÔNG TY TNHH ACME VIỆT NAM"',
        '[mst] ⚠ name stays as typed; registered with the GDT is "CÔNG TY TNHH ACME VIỆT NAM"',
        f"[create] account_id: {ID}",
    ]


def test_an_account_under_its_registered_name_is_not_said_to_be_renamed():
    assert lines.account_created(ACME, ACME["legal_name"], VIETNAMESE) == [
        "[mst] đã gọi kỹ năng vn-mst-validate",
        '[mst] ✓ khớp với đăng ký thuế: "CÔNG TY TNHH ACME VIỆT NAM"',
        f"[create] account_id: {ID}",
    ]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("unverified", ["[mst] ⚠ the tax code is unverified: the GDT registry has not answered"]),
        (
            "invalid",
            [
                "[mst] vn-mst-validate skill invoked",
                "[mst] ⚠ the GDT registry does not confirm this tax code",
            ],
        ),
        (
            "stale",
            [
                "[mst] vn-mst-validate skill invoked",
                "[mst] ⚠ the tax code was confirmed long ago; the GDT registry does not answer now",
            ],
        ),
    ],
)
def test_a_tax_code_is_called_valid_only_when_it_is(status, told):
    created = lines.account_created({**ACME, "vn_mst_status": status}, ACME["legal_name"], ENGLISH)

    assert created == [*told, f"[create] account_id: {ID}"]


def test_an_answer_that_settles_nothing_is_not_called_none():
    open_question = {
        **ACME,
        "vn_mst_status": "unverified",
        "vn_mst_checked_at": "2026-11-21T02:00:00Z",
    }

    assert lines.account_created(open_question, ACME["legal_name"], ENGLISH)[:-1] == [
        "[mst] vn-mst-validate skill invoked",
        "[mst] ⚠ the tax code is unverified: the GDT registry answered, but that settles nothing",
    ]


def test_contacts_stand_in_the_columns_of_the_specification():
    assert lines.contacts(CONTACTS, ENGLISH) == [
        "display_name  email          phone         salutation  primary",
        "Nguyễn Văn A  vana@acme.vn   +84903123456  Anh         yes",
        "Trần Thị B    thib@acme.vn   +84909222333  Chị         no",
        "Phạm Minh C   minhc@acme.vn  +84908111222  Anh/Chị     no",
    ]
    assert lines.contacts(CONTACTS, VIETNAMESE)[1].endswith("Anh         có")
    assert lines.contacts([], ENGLISH) == ["This account has no contacts yet."]


def test_a_move_says_from_where_to_where():
    moved = {
        "from_stage": "discovery",
        "stage": "proposal",
        "status": "open",
        "probability_pct": 50,
    }

    assert lines.deal_moved(moved, ENGLISH) == [
        "[validate] transition discovery → proposal allowed",
        "[move] deal status: open stage: proposal probability: 50%",
        "[ws] whoever follows the board hears of it",
    ]
    assert len(lines.deal_moved(moved, ENGLISH, dry_run=True)) == 2, "nobody hears of a dry run"
    assert lines.deal_moved(moved, VIETNAMESE)[0] == "[validate] được chuyển discovery → proposal"


def test_a_close_that_waits_names_the_signatures_and_how_to_give_them():
    answer = {
        "status": "pending_approval",
        "action_id": ID,
        "summary": 'Close the deal "ACME Q3".',
        "slots": [
            {"slot": "am", "roles": ["am"], "filled": True},
            {"slot": "cro", "roles": ["cro"], "filled": False},
        ],
        "expires_at": "2026-05-15T02:00:00Z",
    }

    assert lines.waiting(answer, ENGLISH, HANOI) == [
        f"[close] status=pending_approval · action_id={ID}",
        '[close] Close the deal "ACME Q3".',
        "[close] nothing has happened yet; until 2026-05-15 09:00+07:00 it needs the signature of",
        "[close]   ✓ AM",
        "[close]   · CRO",
        f"[close] sign it with: cyberos approve {ID} --as E-MAIL --key FILE",
        f"[close] follow it: cyberos-crm deal follow --action {ID}",
    ]
    page = lines.waiting({**answer, "inbox_url": "https://inbox.example"}, ENGLISH, HANOI)
    assert "[close] sign it with: https://inbox.example" in page


def test_a_won_deal_prints_the_lines_of_the_full_flow_in_order():
    effects = [
        ("close", "done", "status=won closed_date=2026-05-14"),
        ("vietqr", "done", "bank=Vietcombank account=001100234567 amount=750,000,000 VND"),
        ("hoadon", "done", "invoice_number=C26TAA/0001234"),
        ("inv", "done", f"id={ID}"),
        ("proj", "done", f"engagement={ID}"),
        ("brain", "done", "event=deal.won"),
        ("audit", "done", "chained_with_this_change"),
    ]

    assert lines.deal_closed(_result(effects), ENGLISH) == [
        "[close] status=won · closed_date=2026-05-14",
        "[vietqr] vn-bank-transfer skill invoked",
        "[vietqr] generated: bank=Vietcombank · account=001100234567 · amount=750,000,000 VND",
        "[hoadon] vn-vat-invoice skill invoked",
        "[hoadon] invoice_number=C26TAA/0001234",
        f"[inv] INV invoice registered (id={ID})",
        '[proj] Engagement created: "ACME Q3 platform build"',
        "[brain] deal ingested into Layer 3 (closed deal)",
    ]


def test_what_was_left_out_is_never_said_to_be_done():
    effects = [
        ("vietqr", "skipped", "no_default_account"),
        ("hoadon", "skipped", "a_reason_of_next_year"),
        ("brain", "pending", "event=deal.won"),
    ]

    assert lines.deal_closed(_result(effects), ENGLISH) == [
        "[vietqr] skipped: there is no default account to be paid into",
        "[hoadon] skipped: a_reason_of_next_year",
        "[brain] the event waits for a receiver; none is connected yet",
    ]


def test_a_refused_close_gives_the_reason_on_one_line():
    said = {
        "state": "rejected",
        "decisions": [{"reason": "too early\n[audit] brain seq=1"}],
    }

    told = lines.settled(said, ENGLISH)

    assert told == ["[close] rejected (rejected) · too early [audit] brain seq=1"]


def test_a_forecast_shows_bands_and_the_deals_that_weigh_most():
    assert lines.forecast(FORECAST, "sales", None, ENGLISH) == [
        "pipeline: sales (next 90 days)",
        "band        vnd_low        vnd_mid       vnd_high",
        "50%   1,200,000,000  1,450,000,000  1,750,000,000",
        "95%     500,000,000  1,450,000,000  2,100,000,000",
        "band    usd_low    usd_mid   usd_high",
        "50%   45,600.50  55,100.00  66,500.00",
        "top 2 deals by probability×value:",
        f"{ID}  ACME Q3 build    VND 750,000,000  75%",
        f"{ID}  BetaCo retainer    USD 12,000.00   8%",
        "· 2 deals are overdue.",
    ]


def test_a_forecast_of_a_month_names_its_days_in_vietnamese():
    told = lines.forecast({**FORECAST, "total_usd": None}, None, "2026-12", VIETNAMESE)

    assert told[0] == "pipeline: tất cả (2026-11-21 – 2027-02-19)"
    assert told[2] == "50%   1.200.000.000  1.450.000.000  1.750.000.000"
    assert told[4] == "2 cơ hội lớn nhất theo xác suất×giá trị:"


def test_a_forecast_of_nothing_says_why():
    nothing = {**FORECAST, "total": None, "total_usd": None, "top_deals": []}

    assert lines.forecast(nothing, "sales", None, ENGLISH) == [
        "pipeline: sales (next 90 days)",
        "There is nothing to forecast.",
    ]


def test_the_chain_is_named_where_it_holds_the_change():
    assert agent_lines.sealed(Sealed(15301, "ab" * 32), ENGLISH) == [
        "[audit] brain seq=15301 chain=abababababab…"
    ]
    assert agent_lines.sealed(None, ENGLISH) == ["[audit] nothing new to record"]
    assert agent_lines.sealed(None, ENGLISH, dry_run=True) == [
        "[audit] dry run, nothing was written"
    ]


def test_a_table_fits_a_terminal_and_clips_only_what_may_be_clipped():
    long = {**CONTACTS[0], "display_name": "Nguyễn " * 20, "email": f"{'x' * 80}@acme.vn"}

    shown = lines.contacts([long, CONTACTS[1]], ENGLISH)

    assert max(map(len, shown)) <= 80
    assert "…" in shown[1]
    assert all("+849" in line for line in shown[1:])
    assert shown[2].split()[-1] == "no"


def test_a_name_cannot_draw_a_line_of_its_own():
    evil = {**CONTACTS[0], "display_name": "A\n[audit] brain seq=9\x1b[2J"}

    shown = lines.contacts([evil], ENGLISH)

    assert len(shown) == 2
    assert "\x1b" not in "".join(shown)


def _result(effects):
    return {
        "deal": {"name": "ACME Q3 platform build"},
        "side_effects": [
            {"kind": kind, "state": state, "detail": detail} for kind, state, detail in effects
        ],
    }
