"""Checks before provisioning: can a company begin with this? Each answer is judged when given.

A rule takes what somebody typed and gives back how it is kept, or raises ValueError with a
sentence for the one who typed it.
"""

import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.identity import service
from domain.identity.roles import ROLES
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import EXPONENTS
from domain.kernel.text import line
from domain.vn import account_numbers
from domain.vn.banks import by_bin
from server.cli.provisioning import NewCompany
from server.cli.render import LANGUAGES

Rule = Callable[[str], str]

_CODE = re.compile(r"[a-z][a-z0-9-]{1,29}")
_BIN = re.compile(r"[0-9]{6}")
_ACCOUNT_NUMBER = re.compile(r"[0-9A-Z]{4,19}")


def checked(new: NewCompany) -> NewCompany:
    """Refuse what cannot be provisioned, before anything is written. Raises INIT_INVALID."""
    problems = list(dict.fromkeys(_problems(new)))
    if problems:
        raise Fault(
            "INIT_INVALID",
            Kind.INVALID,
            f"The company cannot be provisioned: {'; '.join(problems)}.",
            "correct all of it and run the command again; nothing was written.",
            {"problems": problems},
        )
    return new


def code(typed: str) -> str:
    """The short name of a company."""
    if not _CODE.fullmatch(typed.lower()):
        raise ValueError("the tenant code has 2 to 30 small letters, digits and dashes")
    return typed.lower()


def name(what: str, longest: int = 200) -> Rule:
    """The name of `what`, one plain line."""

    def rule(typed: str) -> str:
        try:
            return line(typed, longest)
        except ValueError as error:
            raise ValueError(f"{what} {error}") from None

    return rule


def email(typed: str) -> str:
    """An e-mail address, as it is kept."""
    try:
        return email_address(typed).lower()
    except Fault:
        raise ValueError("an e-mail address is none") from None


def roles(typed: str) -> str:
    """Roles of a person, separated by commas."""
    return _known("role", typed, ROLES)


def scopes(typed: str) -> str:
    """What an agent may do, separated by commas."""
    return _known("scope", typed, service.known_scopes())


def locale(typed: str) -> str:
    """The language people read."""
    if typed not in LANGUAGES:
        raise ValueError(f"the locale is one of {', '.join(LANGUAGES)}")
    return typed


def time_zone(typed: str) -> str:
    """Where the company works."""
    try:
        ZoneInfo(typed)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such time zone; one is Asia/Ho_Chi_Minh") from None
    return typed


def bank_bin(typed: str) -> str:
    """The number of a bank."""
    if not _BIN.fullmatch(typed):
        raise ValueError("a bank BIN has six digits")
    if by_bin(typed) is None:
        raise ValueError(
            f"no bank in Vietnam has the BIN {typed}; `cyberos vn bank` finds one by its name"
        )
    return typed


def account_number(typed: str) -> str:
    """The number of an account at a bank."""
    if not _ACCOUNT_NUMBER.fullmatch(typed):
        raise ValueError("a bank account number has 4 to 19 digits or capital letters")
    if account_numbers.passes_for_digits(typed):
        raise ValueError("the account number has letters that look like digits: O, I or L")
    return typed


def currency(typed: str) -> str:
    """A currency we know the decimals of."""
    if typed.upper() not in EXPONENTS:
        raise ValueError(f"there is no currency {typed.upper()}")
    return typed


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _known(what: str, typed: str, known: frozenset[str]) -> str:
    if unknown := set(listed(typed)) - known:
        raise ValueError(f"there is no {what} {', '.join(sorted(unknown))}")
    return typed


def _problems(new: NewCompany) -> Iterator[str]:
    for rule, typed in _everything(new):
        try:
            rule(typed)
        except ValueError as error:
            yield str(error)
    emails = [person.email.strip().lower() for person in new.people]
    if len(set(emails)) != len(emails):
        yield "two people have one e-mail address"
    if any(agent.for_email.strip().lower() not in emails for agent in new.agents):
        yield "an agent acts for somebody who is not among the people"


def _everything(new: NewCompany) -> Iterator[tuple[Rule, str]]:
    yield code, new.code
    yield locale, new.locale
    yield time_zone, new.time_zone
    yield name("the name of the company"), new.name
    for person in new.people:
        yield name("the name of a person"), person.name
        yield email, person.email
        yield roles, ",".join(person.roles)
    for agent in new.agents:
        yield name("the name of an agent", 64), agent.name
        yield email, agent.for_email
        yield scopes, ",".join(agent.scopes)
    for account in new.bank_accounts:
        yield bank_bin, account.bank_bin
        yield account_number, account.account_number
        yield name("the holder of a bank account"), account.account_name
        yield currency, account.currency
    yield currency, new.base_currency
