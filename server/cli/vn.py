"""Vietnamese formats: what does a tax code, QR, phone, name, address or amount say, and how much
tax is on an invoice? `cyberos vn ...`

Each command takes one value as its argument, or JSON lines on standard input, one answer a line:
`{"ok": true, ...}` or `{"ok": false, "code": ..., "message": ...}`. A line is a JSON value (a text,
a number, or an object with the value under the command's name and its options), or plain text.
No database is opened and nothing is looked up elsewhere.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

import typer

from domain.kernel.faults import Fault, Kind
from policies.gate.redaction import clean
from tools.steps import worded

_MOST_OF_A_LINE = 16_384
_MOST_OF_AN_INVOICE = 1_048_576
_ANY_NAME = ("value", "input", "text")
_STYLE = ("zero_tens", "thousand", "four", "exactly")
_AMOUNT = re.compile(r"-?[0-9]{1,24}(?:\.([0-9]{1,6}))?")
_MOST_DECIMALS = 2  # three behind a point are thousands in Vietnam, whatever else they may be
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PAYLOAD = typer.Argument(help="What the code says, beginning with 000201.")
_PICTURE = typer.Argument(help="Where the picture goes: FILE.png or FILE.svg.")
_JSON_BEGINS = '{["'

Reader = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """One command: how its value and its options are called in an object, and who answers."""

    read: Reader
    names: tuple[str, ...]
    options: tuple[str, ...] = ()
    whole: bool = False  # the object itself is the value
    longest: int = _MOST_OF_A_LINE  # bytes of a line


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Vietnamese codes, names and words.")
    for name, (question, words) in _commands().items():
        # A negative amount looks like an option.
        settings = {"ignore_unknown_options": True}
        group.command(name, help=words, context_settings=settings)(_command(question))
    group.command("qr-image", help="Draw a VietQR into FILE.png or FILE.svg.")(_qr_image)
    app.add_typer(group, name="vn")


def _commands() -> Mapping[str, tuple[Question, str]]:
    given = ("gender", "salutation", "personal_id")
    return {
        "mst": (Question(_mst, ("mst", "mst_string")), "Read a tax code and check its digits."),
        "qr-encode": (
            Question(_qr_encode, (), whole=True),
            'Make a VietQR of {"bin", "account", "amount", "add_info", "service"}.',
        ),
        "qr-decode": (Question(_qr_decode, ("payload",)), "Read a VietQR, strictly."),
        "bank": (Question(_bank, ("bank", "bin", "code", "name")), "Find a bank."),
        "phone": (Question(_phone, ("phone",)), "Bring a phone number into E.164."),
        "name": (Question(_name, ("name", "display_name"), given), "Split and address a name."),
        "address": (Question(_address, ("address",), ("on",)), "Find province, ward and era."),
        "words": (
            Question(_words, ("amount", "number"), ("currency", *_STYLE)),
            "Write an amount in words.",
        ),
        "fold": (Question(_fold, ()), "Fold a text as searches see it."),
        "vat": (
            Question(_vat, (), whole=True, longest=_MOST_OF_AN_INVOICE),
            'Add up the tax of {"currency", "lines"}, or find the rate of {"category", "on"}.',
        ),
    }


def _command(question: Question) -> Callable[..., None]:
    def command(
        value: str | None = typer.Argument(
            None, help="The value; without it, JSON lines are read."
        ),
    ) -> None:
        if value is not None:
            fault = _say(lambda: _answered(question, _typed(value)))
            if fault is not None:
                from server.app import EXIT_CODES

                raise typer.Exit(EXIT_CODES[fault.kind])
            return
        for line in _lines(sys.stdin.buffer, question.longest):
            _say(partial(_line_answered, question, line))

    return command


def _say(work: Callable[[], Mapping[str, Any]]) -> Fault | None:
    """One line for one value; the fault that is in it, if there is one."""
    fault: Fault | None = None
    try:
        body: Mapping[str, Any] = {"ok": True, **work()}
    except Fault as error:
        fault = error
        body = {
            "ok": False,
            "code": error.code,
            "message": error.message,
            "hint": worded(error).hint,
        }
        if "suggestion" in error.facts:
            body["suggestion"] = error.facts["suggestion"]
    sys.stdout.write(json.dumps(clean(body), ensure_ascii=False) + "\n")
    sys.stdout.flush()  # somebody may answer line by line
    return fault


# --- reading ---


def _lines(stream: IO[bytes], longest: int) -> Iterator[bytes | None]:
    """Lines that say something; None for one that is too long, whose rest is passed over."""
    while line := stream.readline(longest + 1):
        if len(line) > longest and not line.endswith(b"\n"):
            while (rest := stream.readline(_MOST_OF_A_LINE)) and not rest.endswith(b"\n"):
                pass
            yield None
        elif line.strip():
            yield line


def _parsed(line: bytes | None, longest: int) -> Any:
    if line is None:
        _refuse("LINE_TOO_LONG", f"A line has more than {longest} bytes.")
    try:
        text = line.decode().strip(" \t\r\n")
    except UnicodeDecodeError:
        _refuse("TEXT_INVALID", "The line is not UTF-8.")
    try:
        return _json(text)
    except (ValueError, RecursionError):
        if text[:1] in _JSON_BEGINS:
            _refuse("JSON_INVALID", "The line begins like JSON and is none.")
        return text


def _typed(argument: str) -> Any:
    """An argument is text, or an object where options are wanted."""
    if not argument.lstrip().startswith("{"):
        return argument
    try:
        return _json(argument)
    except (ValueError, RecursionError):
        _refuse("JSON_INVALID", "The argument begins like JSON and is none.")


def _json(text: str) -> Any:
    return json.loads(
        text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_object
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _no_number(_text: str) -> NoReturn:
    raise ValueError


def _line_answered(question: Question, line: bytes | None) -> Mapping[str, Any]:
    return _answered(question, _parsed(line, question.longest))


def _answered(question: Question, given: Any) -> Mapping[str, Any]:
    if question.whole:
        if not isinstance(given, dict):
            _refuse("INVALID_ARGS", "An object with the fields of the command is needed.")
        return question.read(_texts(given), {})
    if not isinstance(given, dict):
        return question.read(_scalar(given), {})
    if given.get("ok") is True:  # an answer of one command is what another one is asked
        given = {name: value for name, value in given.items() if name != "ok"}
    names = [name for name in (*question.names, *_ANY_NAME) if name in given]
    unknown = sorted(set(given) - {*names[:1], *question.options})
    if not names or unknown:
        wanted = ", ".join((*question.names, *_ANY_NAME[:1], *question.options))
        _refuse("INVALID_ARGS", f"An object here has one value and its options: {wanted}.")
    return question.read(_scalar(given[names[0]]), _texts(given))


def _scalar(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        _refuse("INVALID_ARGS", "The value is a text or a number.")
    return _texts({"value": value})["value"]


def _texts(given: dict[str, Any]) -> dict[str, Any]:
    """The same object; half characters, which no output can hold, are refused."""
    for value in (*given, *given.values()):
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                _refuse("TEXT_INVALID", "The text has half characters (surrogates).")
    return given


def _refuse(code: str, message: str) -> NoReturn:
    raise Fault(code, Kind.INVALID, message, "correct it and ask again.")


# --- answering ---


def _mst(value: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn.tax_codes import read_tax_code

    code = read_tax_code(str(value))
    advice = {"advice": "The check digit is wrong; most likely a typing mistake."}
    return {
        "normalised": code.normalised,
        "kind": code.kind.value,
        "checksum_ok": code.checksum_ok,
        **(advice if code.checksum_ok is False else {}),
    }


def _qr_encode(given: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn import vietqr

    known = {field.name for field in fields(vietqr.Transfer)}
    missing, unknown = {"bin", "account"} - set(given), set(given) - known
    if missing or unknown:
        _refuse("INVALID_ARGS", f"The fields are {', '.join(sorted(known))}; two are needed.")
    texts = {name: value for name, value in given.items() if name != "amount" and value is not None}
    if not all(isinstance(value, str) for value in texts.values()):
        _refuse("INVALID_ARGS", "All fields but the amount are texts.")
    amount = _whole(given.get("amount"))
    return {"payload": vietqr.encode(vietqr.Transfer(**texts, amount=amount))}


def _qr_decode(value: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn import vietqr

    found = vietqr.decode(str(value))
    amount = str(found.amount) if found.amount is not None else None
    return {
        "bin": found.bin,
        "account": found.account,
        "amount": amount,
        "add_info": found.add_info,
        "service": found.service,
    }


def _qr_image(payload: str = _PAYLOAD, file: Path = _PICTURE) -> None:
    from domain.vn import qr_image, vietqr
    from server.cli.key_files import unwritable

    vietqr.decode(payload)  # nobody should scan what no bank can trust
    match file.suffix.lower():
        case ".png":
            picture = qr_image.png(payload)
        case ".svg":
            picture = qr_image.svg(payload).encode()
        case _:
            _refuse("INVALID_ARGS", "The picture is a file that ends in .png or .svg.")
    try:
        file.write_bytes(picture)
    except OSError as error:
        raise unwritable(file) from error
    sys.stdout.write(json.dumps({"ok": True, "file": str(file), "bytes": len(picture)}) + "\n")


def _bank(value: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn.banks import find_bank

    return asdict(find_bank(str(value)))


def _phone(value: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn.phones import read_phone

    return asdict(read_phone(str(value)))


def _name(value: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn.names import SALUTATION_TEXT, Salutation, address_as, read_name

    chosen = options.get("salutation")
    if chosen is not None and chosen not in set(Salutation):
        _refuse("INVALID_ARGS", f"The salutation is one of {', '.join(Salutation)}.")
    for option in ("gender", "personal_id"):
        if not isinstance(options.get(option), str | None):
            _refuse("INVALID_ARGS", f"{option} is a text.")
    reading = read_name(
        str(value),
        gender=options.get("gender"),
        salutation=Salutation(chosen) if chosen is not None else None,
        personal_id=options.get("personal_id"),
    )
    return {
        **asdict(reading),
        "salutation": SALUTATION_TEXT[reading.salutation],
        "address_as": address_as(reading.salutation, reading.given),
    }


def _address(value: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.vn.addresses import parse_address

    on = _day(options["on"]) if options.get("on") is not None else None
    return asdict(parse_address(str(value), on=on))


def _words(value: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.kernel.money import EXPONENTS, currency_code
    from domain.vn.words import Style, amount_in_words

    currency = currency_code(str(options.get("currency", "VND")))
    text = str(value).strip()
    typed = _AMOUNT.fullmatch(text)
    if typed is None:
        _refuse("AMOUNT_INVALID", "An amount is digits, with a point before its cents.")
    if len(typed[1] or "") > _MOST_DECIMALS:
        _refuse("AMOUNT_INVALID", "Three digits behind a point may be thousands: no grouping.")
    minor = Decimal(text).scaleb(EXPONENTS[currency])
    if minor != int(minor):
        _refuse("AMOUNT_INVALID", f"{currency} has {EXPONENTS[currency]} decimals.")
    chosen = {name: value for name, value in options.items() if name in _STYLE}
    return {"text": amount_in_words(int(minor), currency, Style(**chosen))}


def _fold(value: Any, _options: Mapping[str, Any]) -> Mapping[str, Any]:
    from domain.kernel.folding import fold

    return {"text": fold(str(value))}


def _vat(given: Mapping[str, Any], _options: Mapping[str, Any]) -> Mapping[str, Any]:
    match sorted(given):
        case ["currency", "lines"]:
            return _tax(given["currency"], given["lines"])
        case ["category", "on"]:
            return _rate(given["category"], given["on"])
    _refuse("INVALID_ARGS", "The fields are currency and lines, or category and on.")


def _tax(currency: Any, lines: Any) -> Mapping[str, Any]:
    from domain.vat.totals import vat_of

    if not isinstance(currency, str) or not isinstance(lines, list):
        _refuse("INVALID_ARGS", "currency is a text, lines are a list.")
    found = vat_of([_taxed(line) for line in lines], currency)
    return {
        "groups": [
            {"rate": group.rate, "base": group.base_minor, "tax": group.tax_minor}
            for group in found.groups
        ],
        "line_taxes": found.line_taxes,
        "tax": found.tax_minor,
        "total": found.total_minor,
    }


def _taxed(line: Any) -> tuple[int, str]:
    """The amount and the rate of a line; an amount that is not whole is not rounded for anybody."""
    if not isinstance(line, dict) or set(line) != {"amount", "rate"}:
        _refuse("INVALID_ARGS", "A line has amount and rate.")
    amount, rate = line["amount"], line["rate"]
    if type(amount) is not int:
        _refuse("AMOUNT_INVALID", "An amount is a whole number of minor units.")
    if not isinstance(rate, str):
        _refuse("VAT_RATE_UNKNOWN", "A rate is a text, such as 8% or KCT.")
    return amount, rate


def _rate(category: Any, on: Any) -> Mapping[str, Any]:
    from domain.vat.rates import VatCategory, rate_on

    if not isinstance(category, str) or category not in set(VatCategory):
        _refuse("VAT_CATEGORY_UNKNOWN", f"The category is one of {', '.join(VatCategory)}.")
    rate = rate_on(VatCategory(category), _day(on))
    return {"rate": rate.code, "source": rate.source}


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    _refuse("DATE_INVALID", "A day is written as 2026-12-31.")


def _whole(value: Any) -> int | None:
    """An amount of dong: digits, as a number or as a text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    if value is None or type(value) is int:
        return value
    _refuse("INVALID_ARGS", "The amount is a whole number of dong.")
