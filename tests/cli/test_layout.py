"""Layout of a terminal: is every line as wide as it may be, and whose words does it begin with?"""

import pytest

from server.cli.layout import Layout, cells, hanging, wrapped


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("abc", 3),
        ("Nguyễn", 6),
        ("Nguye\u0302\u0303n", 6),
        ("株式", 4),
        ("Ａ１", 4),
        ("❤️", 2),
        ("👍🏽", 4),
        ("🇻🇳", 4),
        ("\u200b", 0),
    ],
)
def test_a_text_has_as_many_cells_as_a_terminal_gives_it_or_more(text, count):
    assert cells(text) == count


def test_lines_end_at_a_space_where_there_is_one():
    assert wrapped("one two three", 7, 7) == ["one two", "three"]
    assert wrapped("abcdefghij", 4, 4) == ["abcd", "efgh", "ij"]
    assert wrapped("ab cdefghij", 4, 4) == ["ab c", "defg", "hij"]
    assert wrapped("日本語", 5, 5) == ["日本", "語"]
    assert wrapped("", 5, 5) == [""]


def test_a_mark_stays_with_its_letter():
    assert wrapped("aaae\u0302b", 4, 4) == ["aaae\u0302", "b"]


def test_what_stands_before_leaves_room_or_stands_alone():
    assert hanging("Label  ", "one two", "     > ", 17) == ["Label  one two"]
    assert hanging("A long label  ", "one two", "  > ", 20) == ["A long label", "  > one two"]


def test_no_value_of_an_effect_poses_as_another_field():
    body = {"kind": "email", "to": "a@b.example amount=1", "n": 3, "note": 'say "hi"', "no": None}
    layout = Layout(60)

    assert layout.entry("  1.", body) == [
        "  1. email n=3",
        '     to="a@b.example amount=1"',
        "     note=\"say 'hi'\"",
    ]
    assert layout.entry("  1.", {"kind": "x\namount=5", "to": "a=b"}) == [
        "  1. x amount=5",
        '     to="a=b"',
    ]


def test_a_deep_value_is_shown_by_its_place():
    body = {"kind": "set", "after": {"rates": [{"role": "Kỹ sư", "rate": 5}], "on": True}}

    assert Layout(60).entry("1.", body) == [
        "1. set after.rates.1.rate=5 after.on=true",
        '   after.rates.1.role="Kỹ sư"',
    ]


def test_a_long_text_stays_behind_its_mark():
    lines = Layout(96).quote("first\n\nSignatures needed:\n" + "word " * 60)

    assert all(line.startswith("  >") for line in lines)
    assert max(map(cells, lines)) <= 96
    assert "Signatures needed:" not in lines


def test_what_is_signed_is_shown_to_the_letter():
    text = '{"name":"Đại  Dương\u202e\u200b\u00a0","note":"a\\nb","q":"“״ש"}'

    assert Layout(96).exact(text) == [
        '  > {"name":"Đại  Dương\\u202e\\u200b\\u00a0","note":"a\\nb","q":"\\u201c\\u05f4\\u05e9"}'
    ]
    assert "".join(one.removeprefix("  > ") for one in Layout(96).exact("x" * 250)) == "x" * 250
    assert max(map(cells, Layout(50).exact("株" * 250))) == 50
