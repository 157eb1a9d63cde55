"""Pipeline board: does the board say to people what it says to
agents, and is the README's picture this one?
"""

from xml.dom import minidom

from domain.kernel.money import Money
from server.cli.board_picture import drawn
from tests.cli.console import ROOT
from tools.crm.pipeline_board import BoardView, CardView, StageView, WorthView

TENANT = ("--tenant", "sao-bien")
PRIVATE = "Hợp tác chiến lược"
PICTURE = ROOT / "docs" / "pictures" / "pipeline.svg"


def a_board(*cards: CardView, count: int = 0) -> BoardView:
    stage = StageView(
        stage="proposal",
        stage_name="Đề xuất",
        probability_pct=50,
        count=count or len(cards),
        stagnant=0,
        totals=[WorthView(currency="VND", weighted_minor=7)],
        deals=list(cards),
        truncated=count > len(cards) or None,
    )
    return BoardView(
        pipeline_id="x", pipeline="sales", name="Bán hàng", stages=[stage], totals=[],
        headline="", lines=[],
    )  # fmt: skip


def a_card(**more) -> CardView:
    fields = {
        "id": "x", "name": "Kho", "account_name": "Cty", "amount_minor": 1, "currency": "VND",
        "days_in_stage": 1,
    }  # fmt: skip
    return CardView(**{**fields, **more})


def words(picture: str) -> list[str]:
    drawing = minidom.parseString(picture)  # noqa: S318 - a picture we drew
    return [node.firstChild.data for node in drawing.getElementsByTagName("text")]


def test_people_read_the_stages_of_a_pipeline_without_private_deals(place):
    shown = place.run("board", *TENANT, "--pipeline", "sales")
    told = place.ok("board", *TENANT)["board"]

    assert shown.code == 0 and shown.out.startswith("Bán hàng (sales): ")
    assert [one["stage"] for one in told["stages"]] == [
        "qualifying", "discovery", "proposal", "negotiation",
    ]  # fmt: skip
    assert "Cổng khách hàng trực tuyến" in str(told) and PRIVATE not in str(told)
    assert place.run("board", *TENANT, "--lang", "en").out.startswith("Sales (sales): ")
    assert place.fault("board", *TENANT, "--pipeline", "nowhere")["code"] == "PIPELINE_UNKNOWN"
    assert place.fault("board", *TENANT, "--lang", "fr")["code"] == "USAGE"


def test_the_picture_in_the_readme_is_the_board_of_the_demo(empty, tmp_path):
    """To renew it on purpose: `cyberos init --demo`, then `cyberos board --svg` with its name."""
    assert empty.run("init", "--demo").code == 0
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    for picture in (first, second):
        assert empty.run("board", *TENANT, "--svg", str(picture)).code == 0
    nowhere = empty.fault("board", *TENANT, "--svg", str(tmp_path / "no" / "where.svg"))

    assert first.read_bytes() == second.read_bytes() == PICTURE.read_bytes()
    assert nowhere["code"] == "FILE_UNWRITABLE"
    assert PRIVATE not in first.read_text("utf-8")


def test_foreign_words_stay_words_in_a_picture():
    nasty = '</text><script>alert("1")</script>\u202e & ' + "dài " * 60
    picture = drawn(a_board(a_card(name=nasty, account_name=nasty)), "vi")

    assert "<script" not in picture and "\u202e" not in picture
    assert [one for one in words(picture) if one.endswith("…")], "cut, and said so"
    assert len(picture) < 4_000


def test_a_picture_says_what_stands_still_what_is_missing_and_what_is_left_out():
    still = a_card(stagnant=14, next_step_missing=True)
    said = words(drawn(a_board(still, a_card(next_step_missing=True), count=9), "vi"))
    english = words(drawn(a_board(still, count=1), "en"))

    assert "Đứng yên từ 14 ngày trở lên · Chưa có ngày chốt" in said
    assert "Chưa có ngày chốt" in said and "và 7 cơ hội nữa" in said
    assert "Tổng: ? VND" in said and f"Có trọng số: {Money(7, 'VND').text('vi')}" in said
    assert "Nothing for 14 days or more · No close date ahead" in english
    assert words(drawn(a_board(), "vi"))[-1] == "trống"


def test_one_deal_and_one_day_are_said_as_one():
    english = " | ".join(words(drawn(a_board(a_card(days_in_stage=1), count=1), "en")))
    more = " | ".join(words(drawn(a_board(a_card(days_in_stage=2), count=2), "en")))

    assert "1 open deal " in english and "1 deal · " in english and "1 day in this" in english
    assert "2 open deals " in more and "2 deals · " in more and "2 days in this" in more
