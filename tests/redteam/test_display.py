"""Display of what people sign (redteam M2): in fields, at any width, whatever names say."""

import unicodedata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approvals.facts import ActionFact, ActorKind, SelfRule, Slot, State
from domain.approvals.queries import Worth
from domain.approvals.tables import PendingAction
from domain.fx.tables import FxRate
from domain.identity.queries import PersonIdentity
from domain.kernel.clock import from_stamp
from domain.kernel.faults import Fault
from domain.kernel.quoting import plain_line
from policies.approvals.aggregation import SimilarCustomer
from policies.approvals.evidence import Evidence
from policies.gate.contract import wire_name
from policies.gate.display import Display, DisplayField, in_both
from server import wiring
from server.cli.action_text import as_lines, as_text, result_lines
from server.cli.action_view import ActionView, Requester
from server.cli.batches import lines as batch_lines
from server.cli.context import Company
from server.cli.layout import NARROWEST, WIDEST, width
from server.cli.render import Words
from tests.redteam import displayed, pictured
from tests.redteam.displayed import ASKED, FOLDER, LANGUAGES, columns, lines, said, view_of

AT = from_stamp("2026-11-21T02:00:00.000000Z")
BLANKS = "\u00a0\u1680\u2000\u2003\u2007\u200a\u202f\u205f\u3000 "
QUOTES = "“”\"″ʺ＂״〃‟„«»'‘’`´′"
# What no word of ours has: a line that begins with one of these begins with words of others.
FOREIGN = "жшѣ中文字עבرخ\U0001d159\u0301\u0323\u20dd\ufe0f🙂🇻🇳=:$７٣\u200b\u202e\u2066"
untrusted = st.text(
    st.sampled_from(FOREIGN + BLANKS + QUOTES) | st.sampled_from("жш中"), max_size=255
)
widths = st.integers(NARROWEST, 140)


def cells_of(line: str) -> int:
    """How many cells a terminal needs, counted once more on purpose and by nothing of ours."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    marks = sum(unicodedata.category(letter) in ("Mn", "Me") for letter in line)
    return len(line) + wide - marks


def a_view(names, claim="") -> ActionView:
    """An action with these names everywhere a name can stand; nothing else of it varies."""
    customer, deal, role, reason, line = names
    person = PersonIdentity("P", "a@acme.example", line or "x", True, frozenset({"sales"}))
    display = Display(
        outcome={"vi": "THẮNG: chốt cơ hội", "en": "WON: the deal is closed"},
        counterparty=DisplayField({"vi": "Khách hàng", "en": "Customer"}, theirs=(customer,)),
        fields=[
            DisplayField({"vi": "Cơ hội", "en": "Deal"}, theirs=(deal,)),
            DisplayField(
                {"vi": "Đơn giá", "en": "Rate"}, in_both("USD {}.00".format), theirs=(role, reason)
            ),
        ],
        notes=[{"vi": "Sau đó không sửa được.", "en": "It cannot be changed afterwards."}],
    )
    row = PendingAction(
        id="0" * 26, tool="cyberos.crm.close_deal", args_json=f'{{"name":"{reason}"}}',
        args_sha256="0" * 64, entity_type="deal", entity_id="0" * 26, entity_version=1,
        effects=[{"kind": "line", "description": line, "deep": [{"a": deal}]}, {"kind": "audit"}],
        display=display.as_json(), summary="", claim=claim, amount_minor=2_400_000_000,
        currency="VND", amount_usd_minor=9_400_000, policy_version=1, policy_sha256="0" * 64,
        taint=1, created_at=AT, expires_at=AT, state="pending", result=None, error_code=None,
    )  # fmt: skip
    action = ActionFact(
        state=State.PENDING, state_seq=1, requester_kind=ActorKind.AGENT, requester_id="A",
        requester_person="P", self_rule=SelfRule.NEVER, slots=(Slot("am", frozenset({"am"})),),
        min_assurance=3, asked_at=AT, expires_at=AT, entity_version=1, entity_digest="0" * 64,
    )  # fmt: skip
    return ActionView(
        company=Company("T", "acme", customer or "x", "vi", ZoneInfo("Asia/Ho_Chi_Minh")),
        row=row,
        evidence=Evidence(row, action, (), (), {}, {}),
        requester=Requester("agent", "A", deal or "x", person, "good"),
        state="pending",
        at=AT,
        worth=Worth(customer=9_400_000, person=40_000_000),
        similar=(SimilarCustomer("S", reason or "x", 10_000_000),),
        rates=[
            FxRate(
                base="USD",
                quote="VND",
                value="26310",
                as_of=AT.date(),
                source=line or "x",
                column="mid",
            )
        ],
    )


def rendered(view, language, count):
    """Every view of an action that people read, as lines, by what it is."""
    words, found = Words(language), {}
    with columns(count):
        found["show"] = as_text(view, words).split("\n")
        found["inbox"] = as_lines(view, words, "am").split("\n")
        found["batch"] = "\n".join(batch_lines([view, view], words)).split("\n")
        found["result"] = result_lines({"name": view.row.claim, "rows": view.row.effects})
    return found


def begins_foreign(line: str) -> bool:
    """Whether the first sign of a line that can be seen may come from a name."""
    begin = line.lstrip()[:1]
    return begin != "" and begin in FOREIGN + QUOTES


@pytest.mark.parametrize("language", LANGUAGES)
@given(names=st.tuples(*[untrusted] * 5), claim=untrusted, count=widths)
def test_M2_no_line_begins_with_words_of_others_or_is_too_wide(language, names, claim, count):
    for where, page in rendered(a_view(names, claim), language, count).items():
        for line in page:
            assert not begins_foreign(line), (where, line)
            assert cells_of(line) <= min(count, WIDEST), (where, line)


@pytest.mark.parametrize("language", LANGUAGES)
@given(names=st.tuples(*[untrusted] * 5), count=widths)
def test_M2_outcome_and_amount_are_byte_for_byte_the_same_whatever_names_say(
    language, names, count
):
    label = {"vi": "Khách hàng", "en": "Customer"}[language]
    pages = [
        rendered(a_view(given_names), language, count)["show"]
        for given_names in (names, ("x",) * 5)
    ]
    heads = []
    for page in pages:
        until = next(n for n, line in enumerate(page) if line.startswith(label))
        heads.append(page[:until])

    assert heads[0] == heads[1]
    assert any("2.400.000.000" in line or "2,400,000,000" in line for line in heads[0])
    assert "\n".join(heads[0]).count("THẮNG") + "\n".join(heads[0]).count("WON") == 1


@given(name=untrusted)
def test_M2_a_quotation_has_one_end_and_one_blank_between_words(name):
    plain = plain_line(name)

    assert not set(plain) & (set(QUOTES) - {"'"})
    assert not set(plain) & (set(BLANKS) - {" "})
    assert "''" not in plain and "  " not in plain
    assert plain == plain_line(plain)


@pytest.mark.parametrize("count", range(NARROWEST, 121, 8))
def test_M2_two_names_that_differ_at_their_end_are_told_apart(count):
    first, second = (
        "\n".join(rendered(a_view((displayed.LONG + end, *("x",) * 4)), "vi", count)["show"])
        for end in ("1", "2")
    )

    assert "…\u00a0[1]" in first
    assert first != second


def test_M2_below_what_can_be_read_nothing_is_laid_out():
    with columns(NARROWEST - 1), pytest.raises(Fault) as caught:
        width()

    assert caught.value.code == "TERMINAL_TOO_NARROW"
    with columns(NARROWEST):
        assert width() == NARROWEST
    with columns(400):
        assert width() == WIDEST


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [
        ("СОNG ТY АСМЕ", "several alphabets"),
        ("АСМЕ", "another alphabet"),
        ("𝐀cme", "several alphabets"),
        ("VN 2O26", "look like digits"),
        ("Số ٣٤", "look like digits"),
        ("Ac\U0001d159me", "nobody sees"),
        ("Acme\u3000JSC", "nobody sees"),
        ("A\u0317\u0316\u0315\u0314cme", "nobody sees"),
        ("Công ty TNHH Đại Dương", None),
        ("株式会社テスト Sony", None),
        ("3M Việt Nam, B2B 2026", None),
        ("Петров", None),
    ],
)
def test_M2_a_name_that_may_be_another_one_is_warned_of(name, said_of_it):
    page = "\n".join(rendered(a_view((name, *("x",) * 4)), "en", 96)["show"])

    warned = [line for line in page.split("\n") if line.startswith("WARNING: Customer: ")]
    assert [said_of_it in line for line in warned] == ([True] if said_of_it else [])


@pytest.mark.both
@pytest.mark.parametrize("tool", ASKED)
async def test_M2_the_pages_of_every_tool_that_asks_people_are_as_they_were_looked_at(world, tool):
    action_id = await ASKED[tool](world)

    for language in LANGUAGES:
        golden = (FOLDER / f"{tool}.{language}.txt").read_text("utf-8")
        assert said(await view_of(world, action_id), language) == golden


async def test_M2_no_tool_that_asks_people_is_without_such_a_page(world):
    asking = {wire_name(row.id) for row in world.catalogue.tool if row.slots}

    assert set(ASKED) == asking & set(wiring.registry().names())


async def test_M2_what_is_signed_is_read_in_either_language(world):
    action_id = await ASKED["crm_close_deal"](world)
    view = await view_of(world, action_id)
    english, vietnamese = (lines(view, language, 96)[0] for language in ("en", "vi"))

    assert english.startswith("Outcome   WON: ")
    assert vietnamese.startswith("Việc sẽ làm  THẮNG: ")


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_the_picture_in_the_readme_is_what_is_shown(world):
    assert await pictured.drawn(world, "en") == pictured.FILE.read_text("utf-8")
