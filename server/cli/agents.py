"""Agents: which programs may propose, for whom and until when? `cyberos agent ...`."""

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from domain.identity import queries as identity
from domain.identity import service as identity_service
from domain.identity import tokens
from domain.identity.grants import KeyHolder
from domain.identity.queries import PersonIdentity
from domain.identity.tables import Agent
from domain.kernel.clock import instant
from domain.kernel.faults import Fault, Kind
from domain.kernel.text import line
from domain.provisioning import service as provisioning
from domain.store.engine import Role
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.gate import personas
from server import wiring
from server.cli.context import Company, opened, perform, the_company
from server.cli.key_files import KeyFiles, replace_secret, undone_on_failure, write_secret
from server.cli.render import Words, answer, one_line, say
from server.cli.signing import KEY, PASSPHRASE, operator
from server.settings import Settings
from server.token_files import read_token

DAYS = 90

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
TOKEN_FILE = typer.Option(
    None, "--token-file", help="Write the token to this new file (0600), not to its usual place."
)
ITS_FILE = typer.Option(
    None, "--token-file", help="The file of its token, if it is not in its usual place."
)
SHOW_TOKEN = typer.Option(False, "--show-token", help="Show the token once instead of keeping it.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


@dataclass(frozen=True, slots=True)
class _AgentRequest:
    """An agent as the flags describe it."""

    name: str
    for_email: str
    scopes: tuple[str, ...]
    toolsets: tuple[str, ...]
    days: int
    token_file: Path | None
    show_token: bool


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="Agents: who may propose.")
    group.command("add")(add)
    group.command("list")(list_all)
    group.command("renew")(renew)
    group.command("toolsets")(toolsets)
    group.command("revoke")(revoke)
    group.command("personas")(list_personas)
    app.add_typer(group, name="agent")


def add(
    name: str = typer.Option(..., help="What the agent is called."),
    for_email: str = typer.Option(..., "--for", help="E-mail of the person it acts for."),
    scopes: str | None = typer.Option(None, help="Comma-separated, such as core.read,crm.read."),
    toolsets: str | None = typer.Option(
        None, help="Comma-separated sets of tools it is shown; not what it may do."
    ),
    persona: str | None = typer.Option(
        None, help="A job with scopes and sets of tools: see `cyberos agent personas`."
    ),
    days: int = typer.Option(DAYS, min=1, max=366, help="How long its token is valid."),
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    token_file: Path | None = TOKEN_FILE,
    show_token: bool = SHOW_TOKEN,
    as_json: bool = JSON,
) -> None:
    """Add an agent and make its token.

    The token is written to a file, where `cyberos connect` finds it, and stored as a hash. What
    --scopes and --toolsets say counts before what the persona says.
    """
    _one_place(token_file, show=show_token)
    job = personas.persona(persona) if persona is not None else None
    if scopes is None and job is None:
        raise Fault(
            "USAGE",
            Kind.INVALID,
            "Missing option '--scopes' or '--persona'.",
            "say what the agent may do; `cyberos agent personas` lists jobs.",
        )
    wanted = job.scopes if scopes is None and job else _names(scopes)
    sets = job.toolsets if toolsets is None and job else _names(toolsets)
    asked = _AgentRequest(name, for_email, wanted, sets, days, token_file, show_token)
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    company, added = perform(lambda: _add(asked, tenant, signer))
    if as_json:
        answer(added)
        return
    agent = added["agent"]
    until = instant(datetime.fromisoformat(agent["expires_at"]), company.zone)
    say(f"{one_line(agent['name'])} may {', '.join(agent['scopes'])} until {until}.")
    if agent["toolsets"]:
        say(f"It is shown the tools of {', '.join(agent['toolsets'])}.")
    if job is not None:
        say(f"Its prompts to begin with: {', '.join(job.prompts)}.")
    if show_token:
        say(f"Its token, shown only now: {added['token']}")
        return
    found_by = ["--agent", agent["name"]] if token_file is None else ["--token-file", token_file]
    say(f"Its token is in {added['token_file']}.")
    say(f"`cyberos connect {shlex.join(map(str, found_by))} --client ...` says how it is used.")


def list_all(tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """List the agents with the people they act for."""
    company, rows = perform(lambda: _list(tenant))
    if as_json:
        answer({"tenant": company.code, "agents": rows})
        return
    if not rows:
        say("No agents.")
    for row in rows:
        verb, at = (
            ("revoked", row["revoked_at"]) if row["revoked_at"] else ("until", row["expires_at"])
        )
        end = f"{verb} {instant(datetime.fromisoformat(at), company.zone)}"
        for_whom = f"{one_line(row['for_person'])} <{row['for_email']}>"
        say(f"{one_line(row['name'])}: for {for_whom}, {','.join(row['scopes'])}, {end}")


def renew(
    name: str = typer.Argument(help="What the agent is called."),
    days: int = typer.Option(DAYS, min=1, max=366, help="How long its new token is valid."),
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    token_file: Path | None = ITS_FILE,
    show_token: bool = SHOW_TOKEN,
    as_json: bool = JSON,
) -> None:
    """Give an agent another token: same name, same file. The one before opens nothing any more.

    Also when it expired or was revoked. What the agent did and proposed stays its own.
    """
    _one_place(token_file, show=show_token)
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    company, renewed = perform(lambda: _renew(name, days, token_file, show_token, tenant, signer))
    if as_json:
        answer(renewed)
        return
    agent = renewed["agent"]
    until = instant(datetime.fromisoformat(agent["expires_at"]), company.zone)
    say(f"{one_line(agent['name'])} has a new token until {until}; the one before is dead.")
    if show_token:
        say(f"Its token, shown only now: {renewed['token']}")
        return
    say(f"It is in {renewed['token_file']}; clients that read this file go on by themselves.")


def toolsets(
    name: str = typer.Argument(help="What the agent is called."),
    sets: str = typer.Argument(help="Comma-separated sets of tools, or default."),
    key: Path | None = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """Change which tools an agent is shown; not what it may do. Its token stays as it is."""
    wanted = () if sets.strip() == "default" else _names(sets)
    signer = operator(tenant, key, passphrase_file, quiet=as_json)
    agent = perform(lambda: _show_tools(name, wanted, tenant, signer))
    if as_json:
        answer({"agent": agent})
        return
    shown = ", ".join(agent["toolsets"]) or "the default set"
    say(f"{one_line(agent['name'])} is shown the tools of {shown} from its next start on.")


def revoke(
    name: str = typer.Argument(help="What the agent is called."),
    tenant: str | None = TENANT,
    as_json: bool = JSON,
) -> None:
    """End an agent's token now. What it proposed stays, and people still decide about it."""
    revoked, removed = perform(lambda: _revoke(name, tenant))
    if as_json:
        answer({"agent": revoked, "removed_token_file": removed})
        return
    say(f"{one_line(name)} is revoked; its token opens nothing any more.")
    if removed is not None:
        say(f"Its file {removed} is removed.")


def list_personas(
    lang: str = typer.Option("en", "--lang", help="vi or en."), as_json: bool = JSON
) -> None:
    """List the jobs that --persona knows, with what they may do and are shown."""
    language = Words(lang).language
    shown = personas.shipped().persona
    if as_json:
        answer({"personas": [one.model_dump(mode="json") for one in shown]})
        return
    for one in shown:
        say(f"{one.name}: {one.vi if language == 'vi' else one.en}")
        for label, names in (
            ("scopes", one.scopes), ("toolsets", one.toolsets), ("prompts", one.prompts)
        ):  # fmt: skip
            say(f"  {label}: {', '.join(names)}")


def _one_place(token_file: Path | None, *, show: bool) -> None:
    if show and token_file is not None:
        raise Fault(
            "USAGE", Kind.INVALID, "A token is shown or written to a file.", "give one of the two."
        )


async def _add(
    asked: _AgentRequest, tenant: str | None, signer: KeyHolder
) -> tuple[Company, dict[str, Any]]:
    async with opened(Role.OWNER) as context:
        _check_toolsets(context.settings, asked.toolsets)
        company = await the_company(context, tenant)
        with undone_on_failure() as undo:
            async with writing(
                context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
            ) as tx:
                person = await identity.person_by_email(tx, asked.for_email)
                _check_active(person)
                agent, clear = await provisioning.add_agent(
                    tx,
                    name=_name(asked.name),
                    person_id=person.id,
                    scopes=asked.scopes,
                    toolsets=asked.toolsets,
                    expires_at=tx.at + timedelta(days=asked.days),
                )
                usual = KeyFiles(context.settings).token(company.code, agent.name)
                file = (asked.token_file or usual).absolute()
                if not asked.show_token:
                    write_secret(file, f"{clear}\n".encode())
                    undo.remove(file)
    shown = {"token": clear} if asked.show_token else {"token_file": str(file)}
    return company, {"agent": _as_object(agent, person), **shown}


async def _renew(
    name: str,
    days: int,
    token_file: Path | None,
    show_token: bool,
    tenant: str | None,
    signer: KeyHolder,
) -> tuple[Company, dict[str, Any]]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(
            context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            agent = await identity_service.known_agent(tx, name)
            person = (await identity.people(tx, [agent.person_id]))[agent.person_id]
            _check_active(person)
            usual = KeyFiles(context.settings).token(company.code, agent.name)
            file = (token_file or usual).absolute()
            if not show_token:
                _check_its_own(file, agent)
            clear = await provisioning.renew_agent(tx, agent, tx.at + timedelta(days=days))
        # Only now: a token that is not in the database yet would be dead if the commit failed.
        if not show_token:
            replace_secret(file, f"{clear}\n".encode())
    shown = {"token": clear} if show_token else {"token_file": str(file)}
    return company, {"agent": _as_object(agent, person), **shown}


async def _show_tools(
    name: str, sets: tuple[str, ...], tenant: str | None, signer: KeyHolder
) -> dict[str, Any]:
    async with opened(Role.OWNER) as context:
        _check_toolsets(context.settings, sets)
        company = await the_company(context, tenant)
        async with writing(
            context.database, company.id, context.clock, viewer=SYSTEM, signer=signer
        ) as tx:
            agent = await identity_service.known_agent(tx, name)
            await provisioning.show_tools(tx, agent, sets)
            person = (await identity.people(tx, [agent.person_id]))[agent.person_id]
    return _as_object(agent, person)


def _check_toolsets(settings: Settings, sets: tuple[str, ...]) -> None:
    if not sets:
        return
    catalogue, fault = wiring.policy(settings)
    if fault is not None:
        raise fault
    personas.check_toolsets(sets, catalogue)


def _check_its_own(file: Path, agent: Agent) -> None:
    """Refuse to replace a file that holds anything but a token of this agent, before it has one."""
    if not file.exists():
        return
    try:
        held = tokens.parse(read_token(file))
    except (OSError, Fault):
        held = None
    if held is None or held.agent_id != agent.id:
        raise Fault(
            "FILE_EXISTS",
            Kind.CONFLICT,
            f"The file {file} holds something else than a token of this agent.",
            "move it away, or choose another place with --token-file.",
        )


async def _list(tenant: str | None) -> tuple[Company, list[dict[str, Any]]]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            rows = await identity.agents(tx)
            people = await identity.people(tx, {row.person_id for row in rows})
    return company, [_as_object(row, people[row.person_id]) for row in rows]


async def _revoke(name: str, tenant: str | None) -> tuple[dict[str, Any], str | None]:
    async with opened(Role.OWNER) as context:
        company = await the_company(context, tenant)
        async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            agent = await provisioning.revoke_agent(tx, name)
            person = (await identity.people(tx, [agent.person_id]))[agent.person_id]
        file = KeyFiles(context.settings).token(company.code, agent.name)
        removed = str(file) if _remove_token(file, agent) else None
    return _as_object(agent, person), removed


def _remove_token(file: Path, agent: Agent) -> bool:
    """Take the dead token away, so that nobody hands it to a client; only that very one."""
    try:
        if tokens.digest(read_token(file)) != agent.token_sha256:
            return False
        file.unlink()
    except (OSError, Fault):
        return False
    return True


def _names(typed: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (typed or "").split(",") if name.strip())


def _name(typed: str) -> str:
    try:
        return line(typed, 64)
    except ValueError as error:
        raise Fault(
            "AGENT_NAME_INVALID", Kind.INVALID, f"The name {error}.", "choose a short plain name."
        ) from error


def _check_active(person: PersonIdentity) -> None:
    if not person.active:
        raise Fault(
            "PERSON_INACTIVE",
            Kind.CONFLICT,
            "This person has left, so no agent can act for them.",
            "choose somebody who is still there.",
        )


def _as_object(agent: Agent, person: PersonIdentity) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "for_person": person.display_name,
        "for_email": person.email,
        "scopes": list(agent.scopes),
        "toolsets": list(agent.toolsets),
        "created_at": agent.created_at.isoformat(),
        "expires_at": agent.expires_at.isoformat(),
        "revoked_at": agent.revoked_at.isoformat() if agent.revoked_at else None,
    }
