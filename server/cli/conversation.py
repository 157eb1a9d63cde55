"""Bootstrap conversation: with what does a company begin? Flags say it, else it is asked.

In a terminal every answer is judged when it is given, and nobody founds a company unawares in
which a signature that the policy needs can never be given.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import typer

from domain.identity.keys import Passphrase
from domain.identity.queries import PersonIdentity
from domain.identity.roles import ROLES
from domain.identity.tables import Agent
from domain.kernel.faults import Fault, Kind
from domain.payments.service import NewBankAccount
from policies.approvals import coverage
from policies.approvals.coverage import Signers
from policies.gate.catalogue import Catalogue
from server.cli import company_checks
from server.cli.missing_answers import Questions, answered, from_file, passphrase
from server.cli.provisioning import NewAgent, NewCompany, NewPerson
from server.cli.render import interactive, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The flags as they were given."""

    code: str | None
    name: str | None
    locale: str
    time_zone: str
    admin_name: str | None
    admin_email: str | None
    admin_roles: str | None
    passphrase_file: Path | None
    root_passphrase_file: Path | None
    operator_passphrase_file: Path | None
    people: list[str]
    bank: tuple[str | None, str | None, str | None]
    bank_currency: str
    no_bank: bool
    agent: tuple[str, str | None, str, int]


@dataclass(frozen=True, slots=True)
class _Known:
    """A person so far; in a terminal their passphrase is typed when they are named."""

    email: str
    name: str
    roles: tuple[str, ...]
    file: Path | None
    typed: Passphrase | None = None


def new_company(typed: Typed, catalogue: Catalogue, taken: Collection[str]) -> NewCompany:
    """What the flags and the answers say. FLAGS_MISSING where nobody can be asked.

    `taken` are codes that are known not to be free.
    """
    ask, rules = Questions(), company_checks

    def free_code(answer: str) -> str:
        if (code := rules.code(answer)) in taken:
            raise ValueError("there is already a company with this code")
        return code

    asked = "Short name of the company (a-z, 0-9, -)"
    code = ask.text("--tenant-code", typed.code, asked, rule=free_code).lower()
    rule = rules.name("the name of the company")
    name = ask.text("--tenant-name", typed.name, "Name of the company", rule=rule)
    locale = ask.text("--locale", typed.locale, "Language people read", rule=rules.locale)
    zone = ask.text("--time-zone", typed.time_zone, "Time zone", rule=rules.time_zone)
    people = [_admin(ask, typed, catalogue), *map(_parts, typed.people)]
    if interactive() and not typed.people:
        people += _others(people, catalogue)
    bank = _bank_account(ask, typed)
    agent = _agent(ask, typed, people)
    if interactive():
        while not _may_go_on(people, agent, catalogue):
            people += _others(people, catalogue)
    _check_files(ask, typed, people)
    enrolled = tuple(map(_person, people))
    own = typed.operator_passphrase_file
    return NewCompany(
        code=code,
        name=name,
        locale=locale,
        time_zone=zone,
        people=enrolled,
        operator_passphrase=enrolled[0].passphrase if own is None else from_file(own),
        agents=(agent,),
        bank_accounts=(bank,) if bank is not None else (),
        root_passphrase=passphrase(
            typed.root_passphrase_file,
            "Passphrase of the root key (kept off this machine)",
            flag="--root-passphrase-file",
            twice=True,
        ),
    )


# --- people ---


def _admin(ask: Questions, typed: Typed, catalogue: Catalogue) -> _Known:
    rule = company_checks.name("the name of a person")
    name = ask.text(
        "--admin-name", typed.admin_name, "Your name, as the first administrator", rule=rule
    )
    email = ask.text(
        "--admin-email", typed.admin_email, "Your e-mail address", rule=company_checks.email
    )
    asked = f"Your roles ({_roles_there_are(catalogue, [])})"
    roles = ask.text("--admin-roles", typed.admin_roles, asked, "admin", rule=company_checks.roles)
    known = _Known(email, name, company_checks.listed(roles), typed.passphrase_file)
    return _with_passphrase(known) if interactive() else known


def _others(known: list[_Known], catalogue: Catalogue) -> list[_Known]:
    """Whoever else decides, until nobody is named any more."""
    found: list[_Known] = []

    def new_email(typed: str) -> str:
        email = company_checks.email(typed) if typed else ""
        if email in {one.email.lower() for one in (*known, *found)}:
            raise ValueError("somebody has this e-mail address already")
        return email

    question = "Somebody else who signs? E-mail (empty: nobody)"
    while email := answered(question, default="", rule=new_email):
        name = answered("Name of this person", rule=company_checks.name("the name of a person"))
        asked = f"Roles of this person ({_roles_there_are(catalogue, [*known, *found])})"
        roles = company_checks.listed(answered(asked, rule=company_checks.roles))
        found.append(_with_passphrase(_Known(email, name, roles, None)))
    return found


def _with_passphrase(known: _Known) -> _Known:
    secret = _passphrase(known)
    return _Known(known.email, known.name, known.roles, known.file, secret)


def _passphrase(known: _Known) -> Passphrase:
    question = f"Passphrase of {known.name} for their key"
    return passphrase(known.file, question, flag="--passphrase-file", twice=True)


def _person(known: _Known) -> NewPerson:
    return NewPerson(
        email=known.email,
        name=known.name,
        roles=known.roles,
        passphrase=known.typed or _passphrase(known),
    )


def _parts(spec: str) -> _Known:
    parts = [part.strip() for part in spec.split(";")]
    if len(parts) not in (3, 4) or not all(parts):
        raise Fault(
            "PERSON_INVALID",
            Kind.INVALID,
            "A --person is 'EMAIL;NAME;role,role' or 'EMAIL;NAME;role,role;PASSPHRASE_FILE'.",
            "put the whole of it in quotation marks.",
        )
    file = Path(parts[3]) if len(parts) == 4 else None
    return _Known(parts[0], parts[1], company_checks.listed(parts[2]), file)


def _roles_there_are(catalogue: Catalogue, people: list[_Known]) -> str:
    """For the question about roles: which there are, and which the policy still waits for."""
    missing = coverage.missing_roles(catalogue, {role for one in people for role in one.roles})
    needed = f"; needed and held by nobody yet: {', '.join(missing)}" if missing else ""
    return f"of {', '.join(sorted(ROLES))}{needed}"


def _may_go_on(people: list[_Known], agent: NewAgent, catalogue: Catalogue) -> bool:
    """Whether every signature can be given, or somebody says that it need not be yet."""
    identities = {
        one.email: PersonIdentity(one.email, one.email, one.name, True, frozenset(one.roles))
        for one in people
    }
    there = Signers(identities, {email: one.roles for email, one in identities.items()})
    acting = Agent(name=agent.name, person_id=agent.for_email, scopes=list(agent.scopes))
    gaps = [*coverage.gaps(catalogue, there), *coverage.stuck(catalogue, there, [acting])]
    missing = coverage.missing_roles(catalogue, {role for one in people for role in one.roles})
    if missing:
        say(f"Nobody holds {', '.join(missing)}, which some signatures need.", err=True)
    for gap in gaps:
        say(f"  {gap}", err=True)
    if not gaps:
        return True
    question = "Go on all the same? `cyberos person add` adds somebody later"
    return typer.confirm(question, default=False, err=True)


# --- the rest ---


def _agent(ask: Questions, typed: Typed, people: list[_Known]) -> NewAgent:
    name, for_email, scopes, days = typed.agent
    emails = [one.email for one in people]

    def one_of_them(typed: str) -> str:
        if (email := company_checks.email(typed)) not in {one.lower() for one in emails}:
            raise ValueError("an agent acts for one of the people")
        return email

    question = f"Whom does {name} act for?"
    for_email = ask.text("--agent-for", for_email, question, emails[0], rule=one_of_them)
    return NewAgent(name=name, for_email=for_email, scopes=company_checks.listed(scopes), days=days)


def _bank_account(ask: Questions, typed: Typed) -> NewBankAccount | None:
    bank_bin, number, holder = typed.bank
    if typed.no_bank and not any(typed.bank):
        return None
    if interactive() and not any(typed.bank):
        wanted = typer.confirm(
            "Enter the bank account customers pay to? Later it takes a CFO and an admin",
            default=True,
            err=True,
        )
        if not wanted:
            return None
    asked = "Holder, as the bank writes it"
    rules = company_checks
    return NewBankAccount(
        bank_bin=ask.text(
            "--bank-bin", bank_bin, "BIN of the bank (six digits)", rule=rules.bank_bin
        ),
        account_number=ask.text(
            "--bank-account", number, "Account number", rule=rules.account_number
        ),
        account_name=ask.text(
            "--bank-name", holder, asked, rule=rules.name("the holder of a bank account")
        ),
        currency=ask.text("--bank-currency", typed.bank_currency, "Currency", rule=rules.currency),
        make_default=True,
    )


def _check_files(ask: Questions, typed: Typed, people: list[_Known]) -> None:
    """Where nobody can be asked, every passphrase lies in a file."""
    if not interactive():
        if typed.passphrase_file is None:
            ask.missing("--passphrase-file")
        if typed.root_passphrase_file is None:
            ask.missing("--root-passphrase-file")
        if any(one.file is None for one in people[1:]):
            ask.missing("--person 'EMAIL;NAME;roles;PASSPHRASE_FILE'")
    ask.check()
