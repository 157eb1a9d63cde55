"""Samples of the tools in tools/vn."""

from tests.tools.samples import Sample

_PAYLOAD = (
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F"
)
_ADDRESS = "12 Lê Lợi, phường Bến Nghé, Quận 1, TP.HCM"

SAMPLES = {
    "vn_decode_vietqr": Sample({"payload": _PAYLOAD}, statements=(2, 0)),
    "vn_parse_address": Sample({"address": _ADDRESS}, statements=(2, 0)),
    "vn_amount_in_words": Sample({"amount_minor": 105_000}, statements=(2, 0)),
    "vn_list_banks": Sample({"query": "vietcombank"}, statements=(2, 0)),
}
