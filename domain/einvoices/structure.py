"""Structure of an e-invoice: is every field known, in its place, of its form, and none missing?"""

from collections.abc import Iterator
from typing import Any

from domain.einvoices.layout import IDENTIFIED, INVOICE, Field
from domain.einvoices.reading import Finding


def findings(root: Any) -> Iterator[Finding]:
    """Everything that is not as the layout has it."""
    if root.tag != INVOICE.name:
        yield Finding("STRUCTURE_UNKNOWN", "", "The document is no invoice.")
        return
    yield from _element(root, INVOICE, "")
    yield from _ids(root)


def _element(element: Any, field: Field, place: str) -> Iterator[Finding]:
    yield from _attributes(element, place)
    if field.is_opaque:
        return
    if field.inner:
        yield from _inside(element, field, place)
    else:
        yield from _leaf(element, field, place)


def _inside(element: Any, field: Field, place: str) -> Iterator[Finding]:
    known = {one.name: (rank, one) for rank, one in enumerate(field.inner)}
    reached, met = 0, dict.fromkeys(known, 0)
    if _says(element.text) or any(_says(child.tail) for child in element):
        yield Finding("STRUCTURE_TEXT", place, "Text stands between the fields.")
    for child in element:
        if child.tag not in known:
            yield Finding("STRUCTURE_UNKNOWN", place, "There is a field that does not belong here.")
            continue
        rank, inner = known[child.tag]
        met[child.tag] += 1
        here = _at(place, child.tag, met[child.tag] if inner.is_many else 0)
        if rank < reached:
            yield Finding("STRUCTURE_ORDER", here, "The field stands too late.")
        if met[child.tag] > 1 and not inner.is_many:
            yield Finding("STRUCTURE_REPEATED", here, "The field is there more than once.")
        reached = max(reached, rank)
        yield from _element(child, inner, here)
    for name, (_, inner) in known.items():
        if inner.is_needed and not met[name]:
            yield Finding("STRUCTURE_MISSING", _at(place, name, 0), "The field is missing.")


def _leaf(element: Any, field: Field, place: str) -> Iterator[Finding]:
    text = element.text or ""
    if len(element):
        yield Finding("STRUCTURE_UNKNOWN", place, "The field holds fields instead of a text.")
    elif not text.strip():
        yield Finding("VALUE_EMPTY", place, "The field says nothing.")
    elif len(text) > field.most:
        yield Finding("LENGTH", place, f"The field has more than {field.most} letters.")
    elif field.allows is not None and not field.allows(text):
        yield Finding("VALUE", place, "The field does not say what it may say.")


def _attributes(element: Any, place: str) -> Iterator[Finding]:
    allowed = {"Id"} if element.tag in IDENTIFIED else set()
    if set(element.attrib) - allowed:
        yield Finding("STRUCTURE_ATTRIBUTE", place, "The field has an attribute.")
    if element.tag == "DLHDon" and not element.get("Id"):
        yield Finding("STRUCTURE_ATTRIBUTE", place, "The part that is signed has no Id.")


def _ids(root: Any) -> Iterator[Finding]:
    """An Id twice would let a signature hold for one part and be read for another."""
    ids = [value for one in root.iter() for name, value in one.attrib.items() if name == "Id"]
    if len(set(ids)) != len(ids):
        yield Finding("ID_REPEATED", "", "Two parts have the same Id.")


def _says(text: str | None) -> bool:
    return bool(text and text.strip())


def _at(place: str, name: str, number: int) -> str:
    step = f"{name}[{number}]" if number else name
    return f"{place}/{step}" if place else step
