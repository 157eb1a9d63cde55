"""A document becomes the XML of the format 2.1.0, the same bytes every time."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from domain.einvoices.check import check
from domain.einvoices.document import CONSUMER
from domain.einvoices.reading import heading
from domain.einvoices.xml import build
from domain.kernel.faults import Fault
from tests.einvoices.examples import BUYERS, document, documents

GOLDEN = Path(__file__).parent
DOLLARS = ((Decimal(168), 150_00, "0%"),)


def texts(xml, path):
    return [element.text for element in etree.fromstring(xml).iterfind(path)]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("golden_vnd.xml", document()),
        ("golden_usd.xml", document(DOLLARS, "USD", buyer=BUYERS["foreign"])),
    ],
)
def test_a_document_is_the_xml_that_was_agreed(name, made):
    """The files are formatted for readers; what is signed has no white space between fields."""
    said = etree.fromstring(build(made))
    etree.indent(said)

    assert etree.tostring(said, encoding="unicode") == (GOLDEN / name).read_text("utf-8").rstrip()
    assert check(build(made)) == []
    assert build(made) == build(made)


BUYER_FIELDS = {
    "business": {
        "Ten": "CÔNG TY CP BÊN MUA",
        "MST": "0200784873-001",
        "DChi": "Số 2 Đường Thử, TP Hải Phòng",
        "DCTDTu": "ke.toan@mua.vn",
    },
    "individual": {"Ten": "Nguyễn Thị Lan", "DChi": "Số 3, TP Huế", "CCCDan": "001188000015"},
    "individual without a number": {"Ten": "Trần Văn An", "DChi": "Số 4, TP Huế"},
    "foreign": {
        "Ten": "ACME Corporation",
        "DChi": "1 Main St, Springfield",
        "DCTDTu": "ap@acme.test",
        "TTKhac": "US",
    },
    "foreigner": {"Ten": "John Doe", "DChi": "2 Main St", "SHChieu": "X1234567", "TTKhac": "US"},
    "consumer": {"Ten": CONSUMER},
}


@pytest.mark.parametrize("kind", BUYERS)
def test_each_kind_of_buyer_has_the_fields_that_the_law_asks_for(kind):
    xml = build(document(buyer=BUYERS[kind]))
    (buyer,) = etree.fromstring(xml).iterfind("DLHDon/NDHDon/NMua")

    said = {one.tag: one.text or one.findtext("TTin/DLieu") for one in buyer}

    assert said == BUYER_FIELDS[kind]
    assert check(xml) == []


def test_a_number_has_no_leading_zeros_and_a_quantity_no_trailing_ones():
    supplies = ((Decimal("100.00"), 5_000, "10%"), (Decimal("0.50"), 5_000, "10%"))
    xml = build(document(supplies, number=7))

    assert texts(xml, ".//SHDon") == ["7"]
    assert texts(xml, ".//SLuong") == ["100", "0.5"]


def test_a_foreign_currency_shows_its_rate_in_two_decimals_and_its_total_in_dong():
    xml = build(document(DOLLARS, "USD", fx_rate=Decimal("26085.555")))

    assert texts(xml, ".//DVTTe") + texts(xml, ".//TGia") == ["USD", "26085.56"]
    assert texts(xml, ".//TToan/TTKhac/TTin/DLieu") == ["657356112"]  # 25,200 x 26,085.56
    assert texts(xml, ".//TgTTTBSo") == ["25200.00"]
    assert texts(xml, ".//TgTTTBChu") == ["Hai mươi lăm nghìn hai trăm đô la Mỹ"]


def test_text_comes_out_on_one_line_without_what_xml_cannot_hold():
    name = "Tư vấn\r\n\tphần <1> & \x00\x0b\ufffe\ud800 ]]> hai "
    made = document()
    xml = build(replace(made, lines=(replace(made.lines[0], name=name), *made.lines[1:])))

    assert texts(xml, ".//THHDVu")[0] == "Tư vấn phần <1> & ]]> hai"
    assert check(xml) == []


@given(made=documents())
def test_whatever_is_built_is_found_sound_and_reads_back(made):
    xml = build(made)

    assert check(xml) == []
    told = heading(xml)
    assert (told.symbol, told.number, told.issued_on) == (made.symbol, made.number, made.issued_on)
    assert (told.currency, told.reference) == (made.currency, made.reference)
    assert (told.subtotal_minor, told.vat_minor, told.total_minor) == (
        made.subtotal_minor,
        made.vat_minor,
        made.total_minor,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"form": 2}, "EINVOICE_FORM"),
        ({"symbol": "C25TAA"}, "SYMBOL_NOT_REGISTERED"),
        ({"symbol": "01GTKT"}, "SYMBOL_NOT_REGISTERED"),
        ({"symbol": "C26taa"}, "SYMBOL_NOT_REGISTERED"),
        ({"currency": "USD", "fx_rate": None}, "EINVOICE_FX_RATE"),
        ({"currency": "USD", "fx_rate": Decimal("0.001")}, "EINVOICE_FX_RATE"),
        ({"currency": "USD", "fx_rate": Decimal("NaN")}, "EINVOICE_FX_RATE"),
        ({"currency": "KWD", "fx_rate": Decimal(85_000)}, "CURRENCY_WITHOUT_WORDS"),
        ({"total_minor": 10**21}, "AMOUNT_TOO_LARGE"),
    ],
)
def test_what_cannot_be_issued_is_refused(changes, code):
    with pytest.raises(Fault) as refused:
        build(document(**changes))

    assert refused.value.code == code
