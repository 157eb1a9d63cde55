"""Terminal rendering: can untrusted text do anything to the terminal, or pose as ours?"""

import json
from zoneinfo import ZoneInfo

import pytest

from domain.kernel.clock import from_stamp, instant
from domain.kernel.faults import Fault
from server.cli.render import Words, answer, one_line, table


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


def test_instants_are_those_of_the_company():
    at = from_stamp("2026-11-21T02:00:00.000000Z")

    assert instant(at, ZoneInfo("Asia/Ho_Chi_Minh")) == "2026-11-21 09:00+07:00"


def test_every_word_is_there_in_both_languages():
    assert Words("vi").state("pending") == "chờ duyệt (pending)"
    assert Words("en").state("pending") == "waits for people (pending)"
    with pytest.raises(Fault) as caught:
        Words("fr")
    assert caught.value.code == "LANGUAGE_UNKNOWN"


def test_columns_are_as_wide_as_their_widest_label():
    assert table([("a", "1"), ("long", ""), ("b", "2")]) == ["a     1", "long", "b     2"]


def test_json_answers_are_cleaned_and_in_readable_letters(capsys):
    answer({"name": "Đại\u202e Dương", "deep": [{"x": "a\x1b[2J"}]})

    out = capsys.readouterr().out
    assert json.loads(out) == {"ok": True, "name": "Đại Dương", "deep": [{"x": "a[2J"}]}
    assert "Đại" in out
