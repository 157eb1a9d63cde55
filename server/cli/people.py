"""People of a company: who decides, with which key? `cyberos person ...`.

A key counts because the root key vouches for it, so whoever adds a person brings the root key back
from where it is locked away; the one pinned in trust.json, and no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from domain.identity import keys, service
from domain.identity import queries as identity
from domain.identity.events import RolesChanged
from domain.identity.grants import KeyHolder
from domain.identity.queries import PersonIdentity
from domain.identity.roles import ROLES
from domain.identity.tables import ApproverKey as EnrolledKey
from domain.kernel.faults import Fault, Kind
from domain.provisioning import service as provisioning
from domain.provisioning.service import OPERATOR, Enrolment
from domain.store.engine import Role
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import coverage, trust
from server import wiring
from server.cli import company_checks
from server.cli.context import Company, opened, perform, the_company
from server.cli.key_files import KeyFiles, private_directory, undone_on_failure
from server.cli.keys import change_passphrase, rotate
from server.cli.missing_answers import passphrase
from server.cli.provisioning import NewPerson
from server.cli.render import answer, interactive, one_line, say
from server.cli.signing import KEY, ROOT_KEY, ROOT_PASSPHRASE, Ground, ground_of, operator, root_of
from server.cli.signing import PASSPHRASE as KEY_PASSPHRASE

PASSPHRASE = typer.Option(None, help="File with the passphrase of the new key.")
TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
EVEN_SO = typer.Option(
    False, "--even-so", help="Also when nobody is left for some signature; say it at once."
)
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="People: who may decide.")
    group.command("add")(add)
    group.command("list")(list_all)
    group.command("roles")(roles)
    group.command("rekey")(rotate)
    group.command("passphrase")(change_passphrase)
    group.command("leave")(leave)
    app.add_typer(group, name="person")


def add(
    email: str = typer.Option(..., help="E-mail address of the person."),
    name: str = typer.Option(..., help="Name of the person."),
    roles: str = typer.Option(..., help=f"Roles of the person, of {', '.join(sorted(ROLES))}."),
    root_key: Path = ROOT_KEY,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Add a person: make a key, let the root key vouch for it, give the roles."""
    address, shown, held = _checked(email, name, roles)
    ground = perform(lambda: _ground(address, tenant))
    root = root_of(ground, root_key, root_passphrase_file)
    asked = f"Passphrase of {shown} for their key"
    secret = passphrase(passphrase_file, asked, flag="--passphrase-file", twice=True)
    new = NewPerson(email=address, name=shown, roles=held, passphrase=secret)
    added = perform(lambda: _add(ground, new, root))
    if as_json:
        answer({"person": added})
        return
    say(f"{one_line(shown)} <{address}> may sign as {', '.join(added['roles'])}.")
    say(f"Their key, opened by their passphrase alone: {added['key']}")
    say("  Let them move it to their own machine, and lock the root key away again.")


def list_all(tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """List people with their roles and keys, also those who left."""
    company, rows = perform(lambda: _list(tenant))
    if as_json:
        answer({"tenant": company.code, "people": rows})
        return
    for row in rows:
        valid = [one["key_id"] for one in row["keys"] if one["revoked_at"] is None]
        roles = ",".join(row["roles"]) or "no role"
        standing = f"{roles}, key {', '.join(valid) or 'none'}" if row["active"] else "left"
        say(f"{one_line(row['name'])} <{one_line(row['email'])}>: {standing}")


def roles(
    email: str = typer.Argument(help="E-mail address of the person."),
    add: str = typer.Option("", "--add", help="Roles to give, separated by commas."),
    remove: str = typer.Option("", "--remove", help="Roles to take away, separated by commas."),
    root_key: Path = ROOT_KEY,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Change the roles of a person who stays. The root key signs it, as it vouches
    for their key.
    """
    given, taken = _changes(add, remove)
    ground = perform(lambda: _ground(None, tenant))
    root = root_of(ground, root_key, root_passphrase_file)
    changed = perform(lambda: _change(ground, root, email, given, taken))
    if as_json:
        answer({"person": changed})
        return
    held = ", ".join(changed["roles"]) or "no role"
    say(f"{one_line(changed['name'])} <{one_line(changed['email'])}>: {held}.")
    say("`cyberos doctor` says which signatures nobody can give now.")


def leave(
    email: str = typer.Argument(help="E-mail address of the person."),
    key: Path | None = KEY,
    passphrase_file: Path | None = KEY_PASSPHRASE,
    even_so: bool = EVEN_SO,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """End a person's roles and keys now. What they signed before stays in the audit chain.

    It asks first when something could not be signed by anybody afterwards.
    """
    lost = [] if even_so else perform(lambda: _lost_with(email, tenant))
    _check_worth_it(email, lost)
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    left = perform(lambda: _leave(email, tenant, signer))
    if as_json:
        answer({"person": left})
        return
    say(f"{one_line(left['name'])} has left; their roles and keys count for nothing any more.")
    if left["agents"]:
        names = ", ".join(map(one_line, left["agents"]))
        say(f"These agents acted for them and cannot work any more: {names}.")
    say("`cyberos doctor` says which signatures nobody can give now.")


def _checked(email: str, name: str, roles: str) -> tuple[str, str, tuple[str, ...]]:
    try:
        address = company_checks.email(email)
        shown = company_checks.name("the name of the person")(name)
        held = company_checks.listed(company_checks.roles(roles))
        if not held:
            raise ValueError("a person who signs has at least one role")
    except ValueError as error:
        raise Fault(
            "PERSON_INVALID",
            Kind.INVALID,
            f"This person cannot be added: {error}.",
            f"roles are {', '.join(sorted(ROLES))}.",
        ) from None
    return address, shown, held


def _changes(add: str, remove: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        given, taken = (
            company_checks.listed(company_checks.roles(add)),
            company_checks.listed(company_checks.roles(remove)),
        )
        if not given and not taken:
            raise ValueError("name roles with --add or --remove")
        if set(given) & set(taken):
            raise ValueError("one role cannot come and go at once")
    except ValueError as error:
        raise Fault(
            "PERSON_INVALID",
            Kind.INVALID,
            f"The roles cannot be changed so: {error}.",
            f"roles are {', '.join(sorted(ROLES))}.",
        ) from None
    return given, taken


async def _change(
    ground: Ground,
    root: KeyHolder,
    email: str,
    given: tuple[str, ...],
    taken: tuple[str, ...],
) -> dict[str, Any]:
    async with (
        opened(Role.OWNER) as context,
        writing(
            context.database,
            ground.company.id,
            context.clock,
            viewer=SYSTEM,
            signer=root,
        ) as tx,
    ):
        person = await identity.person_by_email(tx, email)
        changed = await service.change_roles(tx, person.id, add=given, remove=taken)
        if changed is not None:
            RolesChanged.of(changed).record(tx, OPERATOR)
        after = (await identity.people(tx, [person.id]))[person.id]
        enrolled = await identity.keys(tx)
    return _as_object(after, enrolled)


async def _ground(email: str | None, tenant: str | None) -> Ground:
    """Refuse what is known to fail before anybody types a passphrase."""
    async with opened(Role.OWNER) as context:
        ground = await ground_of(context, tenant)
        async with reading(context.database, ground.company.id, context.clock, viewer=SYSTEM) as tx:
            if email is not None and await identity.is_known(tx, email):
                raise service.person_exists()
    return ground


async def _add(ground: Ground, new: NewPerson, root: KeyHolder) -> dict[str, Any]:
    key, company = keys.generate(), ground.company
    async with opened(Role.OWNER) as context:
        file = KeyFiles(context.settings).approver_key(company.code, new.email)
        with undone_on_failure() as undo:
            private_directory(file.parent)
            keys.save(key, file, new.passphrase)  # before the transaction: it costs a second
            undo.remove(file)
            async with writing(
                context.database,
                company.id,
                context.clock,
                viewer=SYSTEM,
                signer=root,
            ) as tx:
                workspace = (await identity.workspaces(tx))[0]
                enrolment = Enrolment(email=new.email, name=new.name, roles=new.roles, key=key)
                person_id = await provisioning.enrol(tx, enrolment, workspace.id)
    return {
        "id": person_id,
        "email": new.email,
        "name": new.name,
        "roles": sorted(set(new.roles)),
        "key_id": key.key_id,
        "key": str(file),
    }


async def _list(tenant: str | None) -> tuple[Company, list[dict[str, Any]]]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            people, enrolled = await identity.people(tx), await identity.keys(tx)
    return company, [_as_object(person, enrolled) for person in people.values()]


def _check_worth_it(email: str, lost: Sequence[str]) -> None:
    """LEAVES_A_GAP unless nothing is lost, or somebody in a terminal says yes all the same."""
    if not lost:
        return
    if interactive():
        for sentence in lost:
            say(f"  {sentence}", err=True)
        if typer.confirm(f"Let {one_line(email)} leave even so?", default=False, err=True):
            return
        raise typer.Abort
    raise Fault(
        "LEAVES_A_GAP",
        Kind.CONFLICT,
        " ".join(("Nobody could sign afterwards what they can sign now.", *lost)),
        "add somebody first with `cyberos person add` or give a role with `cyberos person roles`;"
        " --even-so lets them leave all the same.",
        {"lost": list(lost)},
    )


async def _lost_with(email: str, tenant: str | None) -> list[str]:
    """What nobody can sign any more once this person is gone, and somebody can now."""
    async with opened(Role.OWNER) as context:
        catalogue, _ = wiring.policy(context.settings)
        company = await the_company(context, tenant)
        trusted = trust.load(context.settings.trust_file)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            person = await identity.person_by_email(tx, email)
            there = await coverage.signers(tx, trusted)
    if catalogue is None:
        return []
    left = {id: roles for id, roles in there.able.items() if id != person.id}
    before = set(coverage.gaps(catalogue, there))
    after = coverage.gaps(catalogue, replace(there, able=left))
    return [sentence for sentence in after if sentence not in before]


async def _leave(email: str, tenant: str | None, signer: KeyHolder) -> dict[str, Any]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(
            context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            person = await identity.person_by_email(tx, email)
            await provisioning.leave(tx, person)
            left = (await identity.people(tx, [person.id]))[person.id]
            enrolled = await identity.keys(tx)
            agents = [
                one.name
                for one in await identity.agents(tx)
                if one.person_id == person.id and one.revoked_at is None
            ]
    return {**_as_object(left, enrolled), "agents": agents}


def _as_object(person: PersonIdentity, enrolled: Mapping[str, EnrolledKey]) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.display_name,
        "active": person.active,
        "roles": sorted(person.roles),
        "keys": [
            {
                "key_id": key.key_id,
                "enrolled_at": key.enrolled_at.isoformat(),
                "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
            }
            for key in enrolled.values()
            if key.person_id == person.id
        ],
    }
