"""Quotations: can a name end our quotation, or be taken for another one?"""

import pytest

from domain.kernel.lookalikes import Doubt, doubts
from domain.kernel.quoting import plain_line, quoted


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Nguyễn Thị Ánh Tuyết", "Nguyễn Thị Ánh Tuyết"),
        ('Test" with “Demo”', "Test' with 'Demo'"),
        ("a″b ʺ ＂ ״ 〃", "a'b '"),
        ("''A''", "'A'"),
        ("「東京」", "'東京'"),
        ("a\u3000\u00a0\u2003 b", "a b"),
        ("two\nlines", "two lines"),
        ("Ac\U0001d159me\u202e", "Acme"),
        ("A\u0317\u0316\u0315\u0314B", "A\u0317\u0316B"),
        (" \u030eA", "A"),
        ("Số \u0378", "Số \ufffd"),
        ("สวัสดี", "สวัสดี"),
    ],
)
def test_a_name_is_one_line_without_a_quotation_mark(typed, plain):
    assert plain_line(typed) == plain
    assert plain_line(plain) == plain


def test_a_long_name_in_a_sentence_says_that_it_goes_on():
    assert quoted("x" * 100) == '"' + "x" * 79 + '…"'
    assert quoted("x" * 100, most=200) == '"' + "x" * 100 + '"'


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Công ty TNHH Đại Dương", ()),
        ("3M, B2B, VN30, 1st", ()),
        ("株式会社テスト・ー々 Sony", ()),
        ("Петров", ()),
        ("Straße Łódź İstanbul", ()),
        ("СОNG ТY АСМЕ", (Doubt.SCRIPTS,)),
        ("Ａcme", (Doubt.SCRIPTS,)),
        ("𝐀cme", (Doubt.SCRIPTS,)),
        ("Aϲme", (Doubt.SCRIPTS,)),
        ("ɑcme", (Doubt.SCRIPTS,)),
        ("АСМЕ", (Doubt.ALPHABET,)),
        ("OO11OO1234567", (Doubt.DIGITS,)),
        ("VN 2O26", (Doubt.DIGITS,)),
        ("Số ２", (Doubt.DIGITS,)),
        ("A\u200bB", (Doubt.UNSEEN,)),
        ("A\u00a0B", (Doubt.UNSEEN,)),
        ("A\u0317\u0316\u0315", (Doubt.UNSEEN,)),
    ],
)
def test_a_name_that_may_be_another_one_says_why(name, found):
    assert doubts(name) == found
