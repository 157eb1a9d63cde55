"""Printed invoices: does the page say what the invoice says, whatever somebody wrote in it?"""

import hashlib
import logging
import os
import subprocess
import sys
import threading
import unicodedata
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.documents.printed_invoice import PrintedLine, PrintedParty, PrintedVat
from domain.kernel.money import MAX_JSON_MINOR
from tests.documents import golden
from tests.documents.printed import INVOICE, drawn, invoice, pages, text

MARKUP = '#import "x.typ" *bold* _it_ $x$ `raw` #{panic("x")} <label> @ref // c /* c */ = head'
VIETNAMESE = "aáàảãạ ăắằẳẵặ âấầẩẫậ eéèẻẽẹ êếềểễệ iíìỉĩị oóòỏõọ ôốồổỗộ ơớờởỡợ uúùủũụ ưứừửữự yýỳỷỹỵ đ"
_AGAIN = """
import hashlib
from tests.documents.printed import INVOICE, drawn
print(hashlib.sha256(drawn(INVOICE)).hexdigest())
"""


@pytest.mark.parametrize("name", golden.INVOICES)
def test_every_page_says_what_it_said_when_it_was_looked_at(name):
    assert golden.said(name) == (golden.FOLDER / f"{name}.txt").read_text("utf-8")


def test_its_bytes_are_the_same_in_every_process_and_thread():
    here = hashlib.sha256(drawn(INVOICE)).hexdigest()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(hashlib.sha256(drawn(INVOICE)).hexdigest()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    drawn(invoice(number=9))
    for thread in threads:
        thread.join()
    environment = {**os.environ, "TZ": "America/New_York", "SOURCE_DATE_EPOCH": "1"}
    there = subprocess.run(
        [sys.executable, "-c", _AGAIN], capture_output=True, text=True, check=True, env=environment
    ).stdout.strip()

    assert [*found, there] == [here] * 5


def test_it_can_be_archived_for_ten_years_with_no_font_but_its_own():
    pdf = drawn(invoice(buyer=PrintedParty(name=VIETNAMESE.upper(), address=VIETNAMESE)))

    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert pdf.count(b"/FontDescriptor") and b"Libertinus" not in pdf
    assert VIETNAMESE in text(pdf) and VIETNAMESE.upper() in text(pdf)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_with_two_marks_are_read_back_as_they_were_written(form):
    address = "33 Đường Nguyễn Hữu Thọ, Quận 7"

    pdf = drawn(invoice(buyer=PrintedParty(name="X", address=unicodedata.normalize(form, address))))

    assert address in text(pdf)


def test_what_a_customer_wrote_is_never_markup():
    name = PrintedParty(name=MARKUP, address=MARKUP, email=MARKUP)
    line = replace(INVOICE.lines[0], description=MARKUP, unit="#{1+1}")

    said = text(drawn(invoice(buyer=name, lines=[line], lookup=MARKUP)))

    assert said.count(MARKUP) == 5 and "#{1+1}" in said  # the footer is on one page


def test_characters_that_nobody_sees_do_not_reach_the_page():
    pdf = drawn(invoice(buyer=PrintedParty(name="AC\u202eME\u200b \x00Co\u2066rp\ufeff\x1b[31m")))

    assert "ACME Corp[31m" in text(pdf)


def test_sixty_lines_are_all_there_in_order_under_a_head_on_every_page():
    lines = [replace(INVOICE.lines[0], description=f"Hạng mục số {n:03}") for n in range(60)]

    said = pages(drawn(invoice(lines=lines)))

    whole = " ".join(said)
    places = [whole.index(f"Hạng mục số {n:03}") for n in range(60)]
    assert places == sorted(places) and len(said) > 1
    with_lines = [page for page in said if "Hạng mục" in page]
    assert all("Tên hàng hóa, dịch vụ" in page for page in with_lines) and len(with_lines) > 1
    assert [f"{n}/{len(said)}" in page for n, page in enumerate(said, 1)] == [True] * len(said)
    assert ["tiếp theo trang trước" in page for page in said] == [False, *[True] * (len(said) - 1)]
    assert whole.count("Hai mươi lăm nghìn hai trăm đô la Mỹ.") == 1


def test_the_largest_amounts_and_the_longest_words_stay_on_the_page():
    line = PrintedLine(
        description="Ư" * 400,
        unit="người/tháng/dự án",
        quantity=Decimal("123456789.25"),
        unit_price_minor=MAX_JSON_MINOR,
        amount_minor=-MAX_JSON_MINOR,
        vat_rate="10%",
    )
    vat = [PrintedVat(rate="10%", base_minor=MAX_JSON_MINOR, tax_minor=MAX_JSON_MINOR)]
    long = PrintedParty(name="Công ty " * 40, tax_code="1" * 60, address="W" * 300)

    said = text(
        drawn(
            invoice(
                currency="VND",
                lines=[line],
                vat=vat,
                total_minor=MAX_JSON_MINOR,
                buyer=long,
                seller=long,
            )
        )
    )

    assert "123.456.789,25 9.007.199.254.740.991 10% -9.007.199.254.740.991" in said
    assert "9.007.199.254.740.991 VND" in said
    letters = said.replace(" ", "").replace("\u200b", "")
    assert "Ư" * 30 in letters and letters.count("Ư") - 400 in range(8)
    assert letters.count("W") >= 600


def test_what_is_empty_is_left_out():
    empty = PrintedParty(name="")
    said = text(
        drawn(
            invoice(
                form=2, seller=empty, buyer=empty, lines=[], vat=[], payment=None, lookup="",
                payment_method="", fx_rate=None, total_minor=0, currency="VND",
            )
        )
    )  # fmt: skip

    assert "HÓA ĐƠN BÁN HÀNG" in said and "Không đồng." in said
    for word in ("Mã số thuế", "Địa chỉ", "Thông tin thanh toán", "Thuế suất", "Tra cứu", "tỷ giá"):
        assert word not in said


@pytest.mark.parametrize("languages", [("vi",), ("en",), ("vi", "en")])
@pytest.mark.parametrize("is_legal", [True, False])
def test_whether_it_counts_before_the_law_is_said_in_every_language(languages, is_legal):
    signature = replace(INVOICE.signature, is_legal=is_legal)

    said = text(drawn(invoice(languages=languages, signature=signature)))

    assert ("KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in said) is ("vi" in languages and not is_legal)
    assert ("NOT A LEGAL DOCUMENT" in said) is ("en" in languages and not is_legal)


def test_letters_that_no_font_here_has_are_said_in_the_log_and_the_rest_is_drawn(caplog):
    with caplog.at_level(logging.WARNING):
        pdf = drawn(invoice(buyer=PrintedParty(name="株式会社 ACME")))

    assert "ACME" in text(pdf) and b"pdfaid" not in pdf
    assert "no font here has" in caplog.text and "株" not in caplog.text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200), st.text(max_size=60), st.integers(-MAX_JSON_MINOR, MAX_JSON_MINOR))
def test_whatever_is_written_a_page_is_drawn(name, unit, amount):
    line = replace(INVOICE.lines[0], description=name, unit=unit, amount_minor=amount)

    assert pages(drawn(invoice(buyer=PrintedParty(name=name, address=unit), lines=[line])))


def test_no_compiler_is_loaded_before_a_page_is_drawn():
    asks = "import sys; import server.wiring; from server.gateways.pages.typst import "
    asks += "TypstRenderer; TypstRenderer(); print('typst' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"
