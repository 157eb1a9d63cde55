"""Naming of contacts: how is a person called, and addressed as Anh or as Chị?

What somebody has said counts first, then a title, then what the name makes likely; below the
confidence of the name model the pair Anh/Chị is right for everybody.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.kernel.email import spelling
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.vn.names import NameBasis, Salutation, compose_name, read_name, said_by_title

_MOST_FOLDED = 512
_MOST_OF_A_KEY = 255


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as typed, and its parts where somebody gave them; at least one of the two."""

    display: str | None = None
    family: str | None = None
    middle: str | None = None
    given: str | None = None


class SalutationSource(StrEnum):
    """Where a salutation comes from: somebody chose it, or it was read, or nothing says it."""

    EXPLICIT = "explicit"
    TITLE = "title"
    NAME = "name"
    NONE = "none"


def name_columns(name: PersonName) -> dict[str, str]:
    """A name as a contact keeps it: as it was typed, in its parts, and as the search sees it.

    Without parts they are read from the whole in Vietnamese order, without a title in front.

    Raises NAME_REQUIRED and NAME_INVALID.
    """
    family, middle, given = name.family or "", name.middle or "", name.given or ""
    display = name.display or compose_name(family, middle, given)
    if display and not (family or middle or given):
        read = read_name(display)
        family, middle, given = read.family, read.middle, read.given
    if not given:
        raise Fault(
            "NAME_REQUIRED",
            Kind.INVALID,
            "A contact needs the name by which the person is called.",
            "Give display_name as it is written, or given_name with family_name.",
        )
    return {
        "display_name": display,
        "family_name": family,
        "middle_name": middle,
        "given_name": given,
        "folded": fold(display)[:_MOST_FOLDED].strip(),
    }


def salutation_columns(
    chosen: Salutation | None, display_name: str, title: str | None
) -> dict[str, str]:
    """The salutation of a person, and where it comes from. Raises NAME_INVALID."""
    if chosen is not None:
        return _columns(chosen, SalutationSource.EXPLICIT)
    read = read_name(display_name)
    if read.source is NameBasis.TITLE:
        return _columns(read.salutation, SalutationSource.TITLE)
    if title is not None and (said := said_by_title(title)) is not None:
        return _columns(said, SalutationSource.TITLE)
    found = SalutationSource.NAME if read.source is NameBasis.NAME else SalutationSource.NONE
    return _columns(read.salutation, found)


def _columns(salutation: Salutation, source: SalutationSource) -> dict[str, str]:
    return {"salutation": salutation.value, "salutation_source": source.value}


def email_key(address: str) -> str:
    """What an e-mail address is compared by; the domain in ASCII can be longer than the column."""
    return spelling(address)[:_MOST_OF_A_KEY]
