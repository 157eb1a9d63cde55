"""QR images: is the picture of a VietQR one that a telephone can read?"""

import zlib
from itertools import pairwise

import pytest

from domain.vn import qr_image

PAYLOAD = (
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F"
)


def pixels(png: bytes) -> list[str]:
    """The rows of a PNG of one bit a pixel, as texts of 0 (black) and 1 (white)."""
    width = int.from_bytes(png[16:20])
    assert png[24:26] == bytes([1, 0]), "one bit, greyscale"
    data = bytearray()
    place = 8
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
        if kind == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += 12 + length
    raw = zlib.decompress(bytes(data))
    line = 1 + (width + 7) // 8
    assert {raw[start] for start in range(0, len(raw), line)} == {0}, "no filters"
    return [
        "".join(f"{byte:08b}" for byte in raw[start + 1 : start + line])[:width]
        for start in range(0, len(raw), line)
    ]


@pytest.mark.parametrize("at_least", [1, 240, 1_000])
def test_the_picture_is_large_enough_square_and_in_whole_pixels(at_least):
    rows = pixels(qr_image.png(PAYLOAD, at_least=at_least))

    width = len(rows)
    assert width >= at_least and {len(row) for row in rows} == {width}
    changes = [place for row in rows for place, (a, b) in enumerate(pairwise(row), 1) if a != b]
    module = min(changes) // 4
    assert module >= 1 and all(place % module == 0 for place in changes)


def test_four_modules_around_it_stay_white():
    rows = pixels(qr_image.png(PAYLOAD))

    module = next(place for place, row in enumerate(rows) if "0" in row) // 4
    quiet = 4 * module
    assert all("0" not in row for row in (*rows[:quiet], *rows[-quiet:]))
    assert all("0" not in row[:quiet] + row[-quiet:] for row in rows)
    assert rows[quiet][quiet : quiet + 7 * module] == "0" * 7 * module  # a finder pattern


def test_the_same_payload_is_the_same_picture_and_another_one_another():
    other = PAYLOAD.replace("AE9F", "AE9E")

    assert qr_image.png(PAYLOAD) == qr_image.png(PAYLOAD) != qr_image.png(other)
    assert qr_image.svg(PAYLOAD) == qr_image.svg(PAYLOAD) != qr_image.svg(other)


def test_the_svg_scales_and_holds_nothing_but_one_path():
    drawn = qr_image.svg(PAYLOAD)

    assert drawn.startswith("<svg ") and "viewBox" in drawn
    assert drawn.count("<path") == 1 and "<script" not in drawn and "href" not in drawn
