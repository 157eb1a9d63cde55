"""XML of anybody: what is wrong is found, with its rule and its place, and nothing explodes."""

import random
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from domain.einvoices.check import Finding, check
from domain.einvoices.reading import DEEPEST, LARGEST
from domain.einvoices.xml import build
from tests.einvoices.examples import document, documents

WHOLE = build(document())
GENERAL, CONTENT = "DLHDon/TTChung", "DLHDon/NDHDon"
SELLER = f"{CONTENT}/NBan"
TOTALS = f"{CONTENT}/TToan"
# A sample of somebody else's: without our fields, with some of theirs. All of it is invented.
THEIRS = WHOLE.replace(b"<TGia>1</TGia>", b"<TGia>1.00</TGia>")


def changed(change: Callable[[Any], Any], xml: bytes = WHOLE) -> bytes:
    root = etree.fromstring(xml)
    change(root)
    return etree.tostring(root, encoding="UTF-8")


def says(path: str, text: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        root.find(path).text = text

    return change


def without(path: str) -> Callable[[Any], None]:
    def change(root: Any) -> None:
        element = root.find(path)
        element.getparent().remove(element)

    return change


LINE = f"{CONTENT}/DSHHDVu/HHDVu"
WRONG: dict[str, tuple[Callable[[Any], Any], Finding | tuple[str, str]]] = {
    "an old version": (says(f"{GENERAL}/PBan", "2.0.1"), ("VALUE", f"{GENERAL}/PBan")),
    "an old symbol": (says(f"{GENERAL}/KHHDon", "C25TAA"), ("SYMBOL_YEAR", f"{GENERAL}/KHHDon")),
    "no symbol": (says(f"{GENERAL}/KHHDon", "AA/26E"), ("VALUE", f"{GENERAL}/KHHDon")),
    "leading zeros": (says(f"{GENERAL}/SHDon", "0041"), ("VALUE", f"{GENERAL}/SHDon")),
    "nine digits": (says(f"{GENERAL}/SHDon", "123456789"), ("LENGTH", f"{GENERAL}/SHDon")),
    "no day": (says(f"{GENERAL}/NLap", "2026-02-30"), ("VALUE", f"{GENERAL}/NLap")),
    "a foreign spelling": (says(f"{GENERAL}/NLap", "21/11/2026"), ("VALUE", f"{GENERAL}/NLap")),
    "another year": (says(f"{GENERAL}/NLap", "2027-01-02"), ("SYMBOL_YEAR", f"{GENERAL}/KHHDon")),
    "no currency": (says(f"{GENERAL}/DVTTe", "XAU"), ("CURRENCY", f"{GENERAL}/DVTTe")),
    "a dear dong": (says(f"{GENERAL}/TGia", "2"), ("FX_RATE", f"{GENERAL}/TGia")),
    "three decimals": (says(f"{GENERAL}/TGia", "1.000"), ("VALUE", f"{GENERAL}/TGia")),
    "no seller code": (without(f"{SELLER}/MST"), ("STRUCTURE_MISSING", f"{SELLER}/MST")),
    "half a seller code": (says(f"{SELLER}/MST", "010010910"), ("VALUE", f"{SELLER}/MST")),
    "itself as buyer": (
        says(f"{CONTENT}/NMua/MST", "0100109106"), ("BUYER_IS_SELLER", f"{CONTENT}/NMua"),
    ),
    "no buyer": (without(f"{CONTENT}/NMua/Ten"), ("BUYER_NAME", f"{CONTENT}/NMua")),
    "no address": (without(f"{CONTENT}/NMua/DChi"), ("BUYER_ADDRESS", f"{CONTENT}/NMua")),
    "another rate": (says(f"{LINE}/TSuat", "7%"), ("VALUE", f"{LINE}[1]/TSuat")),
    "hours": (says(f"{LINE}/SLuong", "2"), ("LINE_AMOUNT", f"{LINE}[1]")),
    "a price": (says(f"{LINE}/DGia", "605655"), ("LINE_AMOUNT", f"{LINE}[1]")),
    "no price": (without(f"{LINE}/DGia"), ("LINE_AMOUNT", f"{LINE}[1]")),
    "an exponent": (says(f"{LINE}/SLuong", "1e0"), ("VALUE", f"{LINE}[1]/SLuong")),
    "a comma": (says(f"{LINE}/ThTien", "605,656"), ("VALUE", f"{LINE}[1]/ThTien")),
    "half a dong": (says(f"{LINE}/ThTien", "605656.5"), ("LINE_AMOUNT", f"{LINE}[1]")),
    "the tax of a line": (says(f"{LINE}/TTKhac/TTin/DLieu", "48453"), ("LINE_TAX", f"{LINE}[1]")),
    "the order of lines": (says(f"{LINE}/STT", "2"), ("LINE_ORDER", f"{CONTENT}/DSHHDVu")),
    "a base": (
        says(f"{TOTALS}/THTTLTSuat/LTSuat/ThTien", "605657"),
        ("GROUP_BASE", f"{TOTALS}/THTTLTSuat/LTSuat[1]"),
    ),
    "a tax": (
        says(f"{TOTALS}/THTTLTSuat/LTSuat/TThue", "48453"),
        ("GROUP_TAX", f"{TOTALS}/THTTLTSuat/LTSuat[1]"),
    ),
    "a rate twice": (
        says(f"{TOTALS}/THTTLTSuat/LTSuat/TSuat", "10%"), ("GROUPS", f"{TOTALS}/THTTLTSuat"),
    ),
    "the sum": (says(f"{TOTALS}/TgTCThue", "1"), ("TOTAL", f"{TOTALS}/TgTCThue")),
    "the tax in all": (says(f"{TOTALS}/TgTThue", "1"), ("TOTAL", f"{TOTALS}/TgTThue")),
    "the total": (says(f"{TOTALS}/TgTTTBSo", "1"), ("TOTAL", f"{TOTALS}/TgTTTBSo")),
    "the words": (says(f"{TOTALS}/TgTTTBChu", "Một đồng"), ("WORDS", f"{TOTALS}/TgTTTBChu")),
    "a field of another format": (
        lambda root: etree.SubElement(root.find(TOTALS), "Thue"), ("STRUCTURE_UNKNOWN", TOTALS),
    ),
    "a namespace": (
        lambda root: etree.SubElement(root.find(TOTALS), "{urn:x}TgTThue"),
        ("STRUCTURE_UNKNOWN", TOTALS),
    ),
    "an attribute": (
        lambda root: root.find(TOTALS).set("xml:lang".partition(":")[2], "vi"),
        ("STRUCTURE_ATTRIBUTE", TOTALS),
    ),
    "no id": (lambda root: root.find("DLHDon").attrib.clear(), ("STRUCTURE_ATTRIBUTE", "DLHDon")),
    "a text between": (
        lambda root: setattr(root.find(TOTALS), "tail", "1,000"), ("STRUCTURE_TEXT", CONTENT),
    ),
    "no place to sign": (without("DSCKS/NBan"), ("STRUCTURE_MISSING", "DSCKS/NBan")),
    "another document": (lambda root: setattr(root, "tag", "TDiep"), ("STRUCTURE_UNKNOWN", "")),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found_where_it_is(what):
    change, (rule, place) = WRONG[what]

    found = {(one.rule, one.place) for one in check(changed(change))}

    assert (rule, place) in found


def test_the_words_may_be_spelt_as_another_region_spells_them():
    (words,) = (one.text for one in etree.fromstring(WHOLE).iterfind(f"{TOTALS}/TgTTTBChu"))
    other = words.replace("nghìn", "ngàn").replace("linh", "lẻ") + " chẵn."

    assert check(changed(says(f"{TOTALS}/TgTTTBChu", other))) == []
    assert check(THEIRS) == []


def test_a_discount_is_taken_off_and_a_note_says_nothing_in_numbers():
    def change(root: Any) -> None:
        lines = root.find(f"{CONTENT}/DSHHDVu")
        for line in lines:
            line.remove(line.find("TTKhac"))
        discount = deepcopy(lines[1])
        for name, text in {"TChat": "3", "STT": "3", "ThTien": "75000"}.items():
            discount.find(name).text = text
        for name in ("SLuong", "DGia", "DVTinh"):
            discount.remove(discount.find(name))
        note = etree.fromstring("<HHDVu><TChat>4</TChat><THHDVu>Ghi chú</THHDVu></HHDVu>")
        lines.extend([discount, note])
        groups = root.findall(f"{TOTALS}/THTTLTSuat/LTSuat")
        groups[1].find("ThTien").text, groups[1].find("TThue").text = "5000000", "500000"
        totals = root.find(TOTALS)
        for name, text in {
            "TgTCThue": "5605656", "TgTThue": "548452", "TgTTTBSo": "6154108",
            "TgTTTBChu": "Sáu triệu một trăm năm mươi tư nghìn một trăm linh tám đồng",
        }.items():  # fmt: skip
            totals.find(name).text = text
        total = etree.Element("TTCKTMai")
        total.text = "75000"
        totals.find("TgTThue").addnext(total)

    assert check(changed(change)) == []
    wrong = changed(says(f"{TOTALS}/TTCKTMai", "75001"), changed(change))
    assert [one.rule for one in check(wrong)] == ["TOTAL"]


# --- every field, changed in every way ---


def leaves(root: Any) -> list[Any]:
    return [one for one in root.iter() if not len(one) and one.text]


FACTORS = {"SLuong", "DGia"}
AMOUNTS = FACTORS | {"ThTien", "TThue", "TgTCThue", "TgTThue", "TgTTTBSo"}


@given(made=documents(), seed=st.integers(0, 10**6))
def test_a_field_that_is_emptied_lengthened_repeated_or_moved_is_found(made, seed):
    dice, xml = random.Random(seed), build(made)
    root = etree.fromstring(xml)
    leaf = dice.choice(leaves(root))
    match dice.choice(("emptied", "lengthened", "repeated", "moved")):
        case "emptied":
            leaf.text = dice.choice(["", " ", "\n"])
        case "lengthened":
            leaf.text = "7" * 501
        case "repeated":
            leaf.addnext(deepcopy(leaf))
        case "moved":
            beside = leaf.getparent()
            beside.insert(0 if leaf is beside[-1] else len(beside), leaf)

    assert check(etree.tostring(root)), leaf.tag


@given(made=documents(), seed=st.integers(0, 10**6))
def test_an_amount_that_is_one_unit_more_or_less_is_found(made, seed):
    dice = random.Random(seed)
    root = etree.fromstring(build(made))
    leaf = dice.choice([one for one in leaves(root) if one.tag in AMOUNTS])
    value = Decimal(leaf.text)
    if leaf.tag in FACTORS:
        value = 2 * value + 10**9  # a unit of a factor may round away
    else:
        value += Decimal(dice.choice((1, -1))).scaleb(int(value.as_tuple().exponent))
    leaf.text = format(value, "f")

    found = {one.rule for one in check(etree.tostring(root))}

    assert found & {"LINE_AMOUNT", "GROUP_BASE", "GROUP_TAX", "TOTAL", "WORDS"}


# --- hostile bytes ---

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><HDon>&b;</HDon>'
HOSTILE = {
    "nothing": (b"", "XML_MALFORMED"),
    "no xml": (b"\x80\x81", "XML_MALFORMED"),
    "half of it": (WHOLE[:-5], "XML_MALFORMED"),
    "a bomb": (BOMB, "XML_DOCTYPE"),
    "a file": (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><HDon/>', "XML_DOCTYPE"),
    "a bomb in another encoding": (BOMB.decode().encode("utf-16"), "XML_ENCODING"),
    "a declared encoding": (b'<?xml version="1.0" encoding="UTF-7"?><HDon/>', "XML_ENCODING"),
    "an entity": (b"<HDon>&amp;&b;</HDon>", "XML_MALFORMED"),
    "too much": (b"<HDon>" + b" " * LARGEST + b"</HDon>", "XML_TOO_LARGE"),
    "too deep": (b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1), "XML_TOO_DEEP"),
    "far too deep": (b"<a>" * 100_000, "XML_MALFORMED"),
    "without end": (b"<HDon>" + b"<a/>" * 200_000 + b"</HDon>", "XML_TOO_DEEP"),
    "a comment": (WHOLE.replace(b"<SHDon>41", b"<SHDon>4<!-- -->1"), "XML_COMMENT"),
    "an instruction": (WHOLE.replace(b"<SHDon>", b"<?x?><SHDon>"), "XML_COMMENT"),
    "a comment before": (WHOLE.replace(b"<HDon>", b"<!-- x --><HDon>"), "XML_COMMENT"),
    "an id twice": (WHOLE.replace(b"<HDon>", b'<HDon Id="data">'), "STRUCTURE_ATTRIBUTE"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_bytes_are_refused_before_they_are_believed(what):
    xml, rule = HOSTILE[what]

    assert check(xml)[0].rule == rule


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)), st.integers(0, 40))
def test_any_bytes_get_an_answer(junk, place, cut):
    check(junk)
    check(WHOLE[:place] + junk + WHOLE[place + cut :])
