"""QR images: what does a person scan? A VietQR payload as PNG, SVG or in a terminal.

Error correction M and four modules of quiet zone, as EMVCo asks for codes that are shown; a module
is a whole number of pixels, so nothing is blurred when a screen shows the picture as it is.
"""

import io
from typing import Any

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pure import PyPNGImage
from qrcode.image.svg import SvgPathImage

LEAST_PIXELS = 240
_QUIET_ZONE = 4


def png(payload: str, *, at_least: int = LEAST_PIXELS) -> bytes:
    """A black and white PNG at least so many pixels wide; the same payload gives the same bytes."""
    code = _code(payload)
    width = code.modules_count + 2 * _QUIET_ZONE
    code.box_size = -(-at_least // width)
    picture = io.BytesIO()
    code.make_image(PyPNGImage).save(picture)
    return picture.getvalue()


def svg(payload: str) -> str:
    """One path on nothing, scalable to any size: put it on a white ground."""
    text: str = _code(payload).make_image(SvgPathImage).to_string(encoding="unicode")
    return text


def blocks(payload: str) -> list[str]:
    """The code in half blocks, for a terminal with a dark ground."""
    drawn = io.StringIO()
    _code(payload).print_ascii(out=drawn, invert=True)
    return drawn.getvalue().rstrip("\n").split("\n")


def _code(payload: str) -> "qrcode.QRCode[Any]":
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET_ZONE)
    code.add_data(payload)
    code.make(fit=True)
    return code
