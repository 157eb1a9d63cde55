"""Countries: is this one, by its code? ISO 3166-1 alpha-2."""

from collections.abc import Mapping

from domain.kernel.faults import Fault, Kind

VIETNAM = "VN"
# The 249 codes that are officially assigned, by their first letter.
_SECOND_LETTERS: Mapping[str, str] = {
    "A": "DEFGILMOQRSTUWXZ",
    "B": "ABDEFGHIJLMNOQRSTVWYZ",
    "C": "ACDFGHIKLMNORUVWXYZ",
    "D": "EJKMOZ",
    "E": "CEGHRST",
    "F": "IJKMOR",
    "G": "ABDEFGHILMNPQRSTUWY",
    "H": "KMNRTU",
    "I": "DELMNOQRST",
    "J": "EMOP",
    "K": "EGHIMNPRWYZ",
    "L": "ABCIKRSTUVY",
    "M": "ACDEFGHKLMNOPQRSTUVWXYZ",
    "N": "ACEFGILOPRUZ",
    "O": "M",
    "P": "AEFGHKLMNRSTWY",
    "Q": "A",
    "R": "EOSUW",
    "S": "ABCDEGHIJKLMNORSTVXYZ",
    "T": "CDFGHJKLMNORTVWZ",
    "U": "AGMSYZ",
    "V": "ACEGINU",
    "W": "FS",
    "Y": "ET",
    "Z": "AMW",
}


def country_code(typed: str) -> str:
    """The ISO code for what was typed, in any letter case. Raises Fault COUNTRY_UNKNOWN."""
    code = typed.strip().upper()
    if len(code) != 2 or code[1] not in _SECOND_LETTERS.get(code[0], ""):
        raise Fault(
            "COUNTRY_UNKNOWN",
            Kind.INVALID,
            "This is not the code of a country.",
            "Use two letters of ISO 3166, such as VN or US.",
        )
    return code
