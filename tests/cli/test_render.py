"""Terminal rendering: can untrusted text do anything to the terminal, or pose as ours?"""

import json
from zoneinfo import ZoneInfo

import pytest

from domain.kernel.clock import from_stamp, instant
from domain.kernel.faults import Fault
from server.cli.render import (
    Words,
    answer,
    effect,
    exact,
    indented,
    one_line,
    shown,
    table,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\tand\x1b[31m red", "two lines and[31m red"),
        ("\u202eđảo\u202c", "đảo"),
        ("a\u200bb", "ab"),
        ("  a  ", "a"),
        ("", ""),
    ],
)
def test_foreign_text_is_one_harmless_line(text, line):
    assert one_line(text) == line


def test_no_value_of_an_effect_poses_as_another_field():
    body = {"kind": "email", "to": "a@b.example amount=1", "n": 3, "note": 'say "hi"', "none": None}

    assert effect(body) == 'email to="a@b.example amount=1" n=3 note="say \\"hi\\""'
    assert effect({"kind": "x\namount=5", "to": "plain.value:1"}) == "x amount=5 to=plain.value:1"
    assert effect({"kind": "close", "to": "a=b"}) == 'close to="a=b"'


def test_every_line_of_a_long_text_stays_behind_its_margin():
    lines = indented("first\n\nSignatures needed:\n" + "word " * 60, "  > ")

    assert all(line.startswith("  >") for line in lines)
    assert max(len(line) for line in lines) <= 96
    assert "Signatures needed:" not in lines


def test_a_list_is_shown_as_json():
    assert shown([1, "hai"]) == '[1, "hai"]'
    assert shown(True) == "true"


def test_instants_are_those_of_the_company():
    at = from_stamp("2026-11-21T02:00:00.000000Z")

    assert instant(at, ZoneInfo("Asia/Ho_Chi_Minh")) == "2026-11-21 09:00+07:00"


def test_every_word_is_there_in_both_languages():
    assert Words("vi").state("pending") == "chờ duyệt (pending)"
    assert Words("en").state("pending") == "waits for people (pending)"
    with pytest.raises(Fault) as caught:
        Words("fr")
    assert caught.value.code == "LANGUAGE_UNKNOWN"


def test_what_is_signed_is_shown_to_the_letter():
    text = '{"name":"Đại  Dương\u202e\u200b","note":"a\\nb"}'

    assert exact(text, "  ") == ['  {"name":"Đại  Dương\\u202e\\u200b","note":"a\\nb"}']
    assert "".join(exact("x" * 250, "")) == "x" * 250
    assert max(len(line) for line in exact("x" * 250, "    ")) == 96


def test_columns_are_as_wide_as_their_widest_label():
    assert table([("a", "1"), ("long", ""), ("b", "2")]) == ["a     1", "long", "b     2"]


def test_json_answers_are_cleaned_and_in_readable_letters(capsys):
    answer({"name": "Đại\u202e Dương", "deep": [{"x": "a\x1b[2J"}]})

    out = capsys.readouterr().out
    assert json.loads(out) == {"ok": True, "name": "Đại Dương", "deep": [{"x": "a[2J"}]}
    assert "Đại" in out
