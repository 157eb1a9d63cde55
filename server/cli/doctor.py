"""Health report: is this installation well, and what does it really guarantee? `cyberos doctor`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import typer

from domain.fx import queries as fx
from domain.identity import queries as identity
from domain.identity.tables import Agent
from domain.kernel.counting import counted
from domain.kernel.faults import Fault
from domain.store import (
    audit_queries,
    checkpoints,
    condition,
    directory,
    schema_check,
    wires,
)
from domain.store.condition import Served
from domain.store.declarations import Mark
from domain.store.descriptor import modules
from domain.store.engine import Database, Role, connect
from domain.store.revision import HEAD, check_revision
from domain.store.tx import Tx, reading
from domain.store.visibility import SYSTEM
from policies.approvals import coverage, rates
from policies.approvals.trust import Trust
from policies.audit.files import missing_files
from policies.gate import activation, fitting
from policies.gate.catalogue import Catalogue
from server import deployment, inspection, wiring
from server.cli.context import perform, read_settings
from server.cli.key_files import KeyFiles
from server.cli.render import answer, one_line, say
from server.deployment import Level
from server.inspection import Check
from server.settings import Settings
from tools.steps import worded

TENANT = typer.Option(None, "--tenant", help="Only this tenant, by its code.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")

OLDEST_POSTGRES = 150_000
SKEW_NOTICED, SKEW_TOO_MUCH = timedelta(seconds=2), timedelta(seconds=30)
CHECKPOINT_DUE = timedelta(hours=24)
_NAMED = 5

_LEVELS = {
    Level.D0: "tamper-evident only: whoever uses this account can change the database, read the "
    "secrets here or sign in somebody's name, and so can an agent with a shell. The audit shows "
    "afterwards what contradicts the chain, its checkpoints or a signature, if checkpoints are "
    "kept elsewhere; nothing stops it. Live gateways are refused.",
    Level.D1: "signatures cannot be forged while the keys stay locked, but effects are not "
    "protected: one login of the database may do everything. Live gateways are refused.",
    Level.D2: "effects and approvals are out of reach of agents, provided that the executor, its "
    "secrets and the database run under another account or host than the agents. That cannot be "
    "seen from here.",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that was found."""

    checks: tuple[Check, ...]
    level: Level

    @property
    def well(self) -> bool:
        """Whether nothing failed."""
        return all(check.mark is not Mark.FAIL for check in self.checks)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(tenant: str | None = TENANT, as_json: bool = JSON) -> None:
    """Examine settings, files, database, policy, people and agents. Ends with 1 if one fails."""
    settings = read_settings()
    examined = perform(lambda: examine(settings, tenant))
    if as_json:
        rows = [
            {"mark": one.mark.value, "topic": one.topic, "sentence": one.sentence}
            for one in examined.checks
        ]
        level = {"level": examined.level.value, "guarantee": _LEVELS[examined.level]}
        answer({"ok": examined.well, **level, "checks": rows})
    else:
        for one in examined.checks:
            say(f"{one.mark.value:<5} {one.topic}: {one_line(one.sentence)}")
        say(f"\nThis deployment is {examined.level}: {_LEVELS[examined.level]}")
    if not examined.well:
        raise typer.Exit(1)


async def examine(settings: Settings, tenant: str | None = None) -> Examined:
    """Look at everything that can be seen from here, whatever is broken on the way."""
    checks = [inspection.settings_line(settings), inspection.registry_line(settings)]
    checks += [*inspection.files(settings), *inspection.signing_lines(settings)]
    key_files = inspection.key_files(settings)
    checks += [*inspection.keys(key_files), *inspection.checkpoint_key(settings)]
    trusted, about_trust = inspection.trust_file(settings)
    checks += about_trust
    catalogue, fault = wiring.policy(settings)
    checks += _policy(catalogue, fault)
    served: Served | None = None
    try:
        role = Role.INBOX
        if not settings.is_embedded:
            role = await condition.usable_role(settings.database_url) or Role.INBOX
        database = connect(
            settings.database_url, role=role, pool_size=2, trust=wiring.trusted(settings)
        )
        try:
            served, about = await _database(database)
            checks += about
            usable = catalogue if fault is None else None
            checks += await _tenants(settings, database, usable, trusted, tenant)
        finally:
            await database.close()
    except Fault as problem:
        checks.append(_failed("database", problem))
    found = deployment.level_of(served, key_files)
    checks += _gateways(settings, found)
    return Examined(tuple(checks), found)


def _policy(catalogue: Catalogue, fault: Fault | None) -> Iterator[Check]:
    if fault is not None:
        yield _failed("policy", fault)
        return
    yield Check(
        Mark.OK, "policy", f"{len(catalogue.tool)} tools, not weaker than the shipped floor."
    )
    for sentence in fitting.unfit(catalogue, wiring.registry()):
        yield Check(Mark.FAIL, "policy", f"{sentence}.")


def _gateways(settings: Settings, found: Level) -> Iterator[Check]:
    """Is what leaves the program refused here, and does the operator know?"""
    for name in deployment.live_urls(settings):
        if found is Level.D2:
            yield Check(Mark.OK, "gateways", f"{name} is a live gateway.")
        else:
            sentence = f"{name} is a live gateway, which is refused at {found}."
            yield Check(Mark.FAIL, "gateways", sentence)


# --- the database ---


async def _database(database: Database) -> tuple[Served | None, list[Check]]:
    if database.is_sqlite:
        served, checks = None, await _embedded(database)
    else:
        served = await condition.served(database)
        checks = list(_served(served))
    await check_revision(database)
    checks.append(Check(Mark.OK, "database", f"It is at revision {HEAD}, as this program needs."))
    checks += await _schema(database)
    checks.append(await _guards(database))
    checks.append(await _clock(database))
    return served, checks


async def _schema(database: Database) -> list[Check]:
    found = await schema_check.look(database)
    checks = [
        Check(Mark.FAIL, "schema", f'{one}; "When something is wrong" in docs/operating.md.')
        for one in found.changed
    ]
    if not checks:
        sentence = "Tables, triggers and rights are as the migrations made them."
        checks.append(Check(Mark.OK, "schema", sentence))
    if found.further:
        sentence = f"There is more, which can do no harm: {', '.join(found.further)}."
        checks.append(Check(Mark.WARN, "schema", sentence))
    return checks


async def _guards(database: Database) -> Check:
    complaint = wires.complaint(await wires.installed(database), wiring.wires())
    if complaint is None:
        sentence = "What needs people is opened by the tools of this program and by no others."
        return Check(Mark.OK, "guards", sentence)
    sentence = f"The database's guards are not wired as this program says ({complaint})"
    return Check(Mark.FAIL, "guards", f"{sentence}; run `cyberos migrate`.")


async def _embedded(database: Database) -> list[Check]:
    found = await condition.embedded(database)
    checks = [Check(Mark.OK, "database", f"SQLite {found.version} answers.")]
    if found.journal_mode != "wal":
        sentence = "It has no write-ahead log, so readers wait for writers; run `cyberos migrate`."
        checks.append(Check(Mark.WARN, "database", sentence))
    if found.problems:
        sentence = f"The file is damaged ({found.problems[0][:120]}); restore a backup."
        checks.append(Check(Mark.FAIL, "database", sentence))
    else:
        checks.append(Check(Mark.OK, "database", "SQLite's own check finds nothing wrong."))
    return checks


def _served(found: Served) -> Iterator[Check]:
    login = one_line(found.login)
    if found.version < OLDEST_POSTGRES:
        yield Check(Mark.FAIL, "database", "PostgreSQL is older than 15.")
    else:
        yield Check(Mark.OK, "database", f"PostgreSQL {found.version // 10_000} answers.")
    if found.is_superuser or found.bypasses_isolation:
        what = "a superuser" if found.is_superuser else "exempt from row level security"
        yield Check(
            Mark.FAIL,
            "database",
            f"The login {login} is {what}: tenant isolation does not hold it. Use the logins of "
            "docs/operating.md.",
        )
    roles = ", ".join(role.value for role in found.roles)
    if Role.OWNER in found.roles:
        sentence = f"The login {login} owns the tables; keep it for `cyberos migrate` and init."
        yield Check(Mark.WARN, "database", sentence)
    if len(found.roles) > 1:
        yield Check(
            Mark.WARN,
            "database",
            f"The login {login} may act as {roles}: a server that uses it could approve or "
            "execute. Give each process a login with one role.",
        )
    elif found.roles:
        yield Check(Mark.OK, "database", f"The login {login} acts as {roles} and nothing else.")
    else:
        yield Check(Mark.FAIL, "database", f"The login {login} has none of the roles of CyberOS.")
    if (bound := condition.bound_tenant(found.login)) is not None:
        sentence = f"The login {login} works for the tenant {bound} alone, whichever one is named."
        yield Check(Mark.OK, "database", sentence)
    elif found.shared_logins:
        names = one_line(", ".join(found.shared_logins))
        yield Check(
            Mark.OK,
            "database",
            f"Agents of every company are served with {names}: whoever holds such a login can "
            "name any company. `cyberos postgres tenant-login` makes one for a company alone.",
        )
    if found.unisolated:
        yield Check(
            Mark.FAIL,
            "database",
            f"Row level security is not forced on {', '.join(found.unisolated)}.",
        )
    else:
        yield Check(Mark.OK, "database", "Row level security is forced on every tenant's table.")


async def _clock(database: Database) -> Check:
    before = wiring.clock().now()
    there = await condition.present(database)
    after = wiring.clock().now()
    skew = max(before - there, there - after, timedelta())
    if skew <= SKEW_NOTICED:
        return Check(Mark.OK, "clock", "Database and program agree on the time.")
    mark = Mark.FAIL if skew > SKEW_TOO_MUCH else Mark.WARN
    seconds = int(skew.total_seconds())
    return Check(
        mark,
        "clock",
        f"Database and program are {counted(seconds, 'second')} apart: set the clocks.",
    )


# --- tenants ---


async def _tenants(
    settings: Settings,
    database: Database,
    catalogue: Catalogue | None,
    trusted: Trust | None,
    code: str | None,
) -> list[Check]:
    if database.role is Role.AGENT:
        sentence = "This login acts for agents, who may not list tenants; use the inbox's login."
        return [Check(Mark.WARN, "tenants", sentence)]
    listed = await directory.tenants(database)
    wanted = [one for one in listed if code is None or one[1] == code.strip().lower()]
    if not wanted:
        sentence = "There is no tenant here; `cyberos init` makes one."
        return [Check(Mark.WARN, "tenants", sentence)]
    checks: list[Check] = []
    deploy = await directory.deployment(database)
    if trusted is not None and deploy not in (None, trusted.deploy):
        sentence = "The trust file belongs to another installation than the database."
        checks.append(Check(Mark.FAIL, "trust", sentence))
    for tenant_id, tenant_code in wanted:
        async with reading(database, tenant_id, wiring.clock(), viewer=SYSTEM) as tx:
            checks += await _tenant(tx, settings, catalogue, trusted, tenant_code)
        checks += await _documents(settings, database, tenant_id, tenant_code)
        if catalogue is not None and not await activation.is_active(
            database, tenant_id, wiring.clock(), catalogue
        ):
            sentence = "The policy file is not the activated one, so agents only read; see migrate."
            checks.append(Check(Mark.FAIL, tenant_code, sentence))
    return checks


async def _tenant(
    tx: Tx,
    settings: Settings,
    catalogue: Catalogue | None,
    trusted: Trust | None,
    code: str,
) -> list[Check]:
    agents = await identity.agents(tx)
    found = [*_token_files(agents, settings, code, tx.at), *await _dollar(tx)]
    if trusted is not None and tx.tenant_id not in trusted.roots:
        found.append((Mark.FAIL, "The trust file has no root for this tenant: nobody can sign."))
    elif trusted is not None and catalogue is not None:
        live = [one for one in agents if one.revoked_at is None and one.expires_at > tx.at]
        there = await coverage.signers(tx, trusted)
        missing = [(Mark.FAIL, sentence) for sentence in coverage.gaps(catalogue, there)]
        missing += [(Mark.WARN, sentence) for sentence in coverage.stuck(catalogue, there, live)]
        found += missing
        if not missing:
            found.append((Mark.OK, "Somebody can give every signature that is needed."))
    found += await _checkpoint_age(tx, settings)
    for check in (check for module in modules() for check in module.checks):
        found += await check(tx)
    return [Check(mark, code, sentence) for mark, sentence in found]


async def _documents(
    settings: Settings, database: Database, tenant_id: str, code: str
) -> list[Check]:
    """Whether the file of every document is there, where files lie on this machine."""
    if not settings.is_embedded and not settings.documents_dir.is_dir():
        return []
    store, clock = wiring.blobs(settings), wiring.clock()
    missing = await missing_files(database, tenant_id, clock, store)
    if not missing:
        return []
    files = counted(len(missing), "file of a document is", "files of documents are")
    named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
    sentence = f"{files} missing: {named}; restore them from a backup."
    return [Check(Mark.FAIL, code, sentence)]


def _token_files(
    agents: Sequence[Agent], settings: Settings, code: str, at: datetime
) -> Iterator[tuple[Mark, str]]:
    """Where database and agents share a machine, a token that is not there may be lost."""
    lost = [
        one.name
        for one in agents
        if one.revoked_at is None and one.expires_at > at
        if not KeyFiles(settings).token(code, one.name).is_file()
    ]
    if lost and settings.is_embedded:
        where = f"{settings.data_dir / 'tokens' / code} has no token of {', '.join(lost)}."
        advice = "`cyberos agent renew` makes it anew."
        yield Mark.WARN, f"{where} {advice}"


async def _dollar(tx: Tx) -> list[tuple[Mark, str]]:
    """Limits are in dollars, and what nobody can compare counts as above them."""
    zone = ZoneInfo((await identity.tenant(tx)).time_zone)
    today, oldest = tx.at.astimezone(zone).date(), await rates.longest_age(tx)
    newest = await fx.latest(tx, "USD", "VND", today)
    if newest is not None and today - newest.as_of <= oldest:
        return []
    if newest is not None:
        sentence = (
            f"The newest rate of the dollar is of {newest.as_of}, older than "
            f"{counted(oldest.days, 'day')}, "
            "so the larger quorum signs every deal; record one with `cyberos rate add`."
        )
        return [(Mark.WARN, sentence)]
    sentence = (
        "No rate of the dollar is recorded, so the value of every deal in USD is unknown and the "
        "larger quorum signs, a CRO too; record one with `cyberos rate add`."
    )
    return [(Mark.WARN, sentence)]


async def _checkpoint_age(tx: Tx, settings: Settings) -> list[tuple[Mark, str]]:
    newest = checkpoints.newest(checkpoints.log_path(settings.checkpoint_dir, tx.tenant_id))
    covered = newest.sealed.seq if newest else 0
    head = await audit_queries.head(tx)
    if newest is not None and head.seq < covered:
        sentence = f"A checkpoint stands at entry {covered}, and the chain ends at {head.seq}."
        return [(Mark.FAIL, f"{sentence} Run `cyberos audit verify`.")]
    uncovered = await audit_queries.entries(tx, after=covered, limit=1)
    if not uncovered:
        return [(Mark.OK, f"Checkpoints cover the whole audit chain, up to entry {covered}.")]
    age = tx.at - uncovered[0].at
    behind = head.seq - covered
    if newest is None or age > CHECKPOINT_DUE:
        hours = int(age.total_seconds()) // 3600
        sentence = f"No checkpoint covers the last {behind} audit entries, the oldest {hours} h old"
        return [(Mark.WARN, f"{sentence}; run `cyberos audit checkpoint`.")]
    return [(Mark.OK, f"{behind} audit entries are newer than the last checkpoint.")]


def _failed(topic: str, fault: Fault) -> Check:
    worded(fault)
    hint = f" {fault.hint[:1].upper()}{fault.hint[1:]}" if fault.hint else ""
    return Check(Mark.FAIL, topic, f"{fault.message}{hint}")
