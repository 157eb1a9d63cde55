"""Audit commands: is everything provable? `cyberos audit verify | checkpoint | repair | tail`."""

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from domain.documents.blobs import BlobStore
from domain.kernel.clock import instant
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store import (
    audit_checkpoints,
    audit_queries,
    audit_source,
    checkpoints,
    directory,
)
from domain.store.audit_report import Report
from domain.store.engine import Database, Role
from domain.store.revision import check_revision
from domain.store.tables import AuditEntry
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from policies.approvals import trust
from policies.approvals.trust import Trust
from policies.audit import seals
from policies.audit import verify as verifier
from policies.audit.verify import Sources
from server import wiring
from server.cli.context import (
    CliContext,
    Company,
    companies,
    opened,
    perform,
    read_settings,
    the_company,
)
from server.cli.render import answer, one_line, say
from server.cli.repair import repair
from server.settings import Settings

log = logging.getLogger(__name__)

TENANT = typer.Option(None, "--tenant", help="Only this tenant, by its code.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")
DATABASE = typer.Option(
    None, "--database", help="Verify this SQLite file, a copy, instead of the database in use."
)
TRUST = typer.Option(None, "--trust", help="Use this trust file.")
CHECKPOINTS = typer.Option(None, "--checkpoints", help="Use the checkpoint logs in this directory.")
CHECKPOINT_KEYS = typer.Option(None, "--checkpoint-keys", help="Use this checkpoint.pub.")
NEW_KEY = typer.Option(False, "--new-key", help="Make a key if there is none on this machine.")
DOCUMENTS = typer.Option(
    None, "--documents", help="Compare the files of documents in this directory."
)
LAST = typer.Option(20, "-n", "--last", min=1, max=10_000, help="How many entries.")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is verified: a database, and the files that must not lie in it."""

    database: Path | None = None
    trust: Path | None = None
    checkpoint_dir: Path | None = None
    checkpoint_keys: Path | None = None
    documents: Path | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The report on one tenant."""

    code: str
    report: Report


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="The audit chain: prove it, sign it, read it.")
    group.command("verify")(verify)
    group.command("checkpoint")(checkpoint)
    group.command("repair")(repair)
    group.command("tail")(tail)
    app.add_typer(group, name="audit")


def verify(
    tenant: str | None = TENANT,
    database: Path | None = DATABASE,
    trust_file: Path | None = TRUST,
    checkpoint_dir: Path | None = CHECKPOINTS,
    checkpoint_keys: Path | None = CHECKPOINT_KEYS,
    documents: Path | None = DOCUMENTS,
    as_json: bool = JSON,
) -> None:
    """Verify chain, checkpoints, signatures and files. Ends with 1 if one is not as it was written.

    Nothing is changed. To be sure of a machine you do not trust, run it elsewhere on a copy of the
    database, with the trust file, the checkpoints and the documents that you kept.
    """
    evidence = Evidence(database, trust_file, checkpoint_dir, checkpoint_keys, documents)
    settings = read_settings()
    verified = perform(lambda: verify_all(settings, evidence, tenant))
    sound = all(one.report.sound for one in verified)
    if as_json:
        answer({"ok": sound, "tenants": [as_object(one) for one in verified]})
    else:
        for one in verified:
            say(as_text(one))
    if not sound:
        raise typer.Exit(1)


def checkpoint(tenant: str | None = TENANT, new_key: bool = NEW_KEY, as_json: bool = JSON) -> None:
    """Verify what is new since the last checkpoint, and sign where the chain ends now."""
    settings = read_settings()
    made = perform(lambda: _checkpoint(settings, tenant, new_key=new_key))
    if as_json:
        answer({"checkpoints": made})
        return
    for one in made:
        verb = "signed at" if one["new"] else "nothing new since"
        say(f"{one['tenant']}: {verb} entry {one['seq']}, {one['file']}")
    say("Copy the checkpoints to a place that whoever can write the database cannot change.")


def tail(tenant: str | None = TENANT, last: int = LAST, as_json: bool = JSON) -> None:
    """Show the newest entries of a chain."""
    rows = perform(lambda: _tail(tenant, last))
    if as_json:
        answer({"entries": rows})
        return
    for row in rows:
        outcome = row["outcome"] if not row["code"] else f"{row['outcome']} {row['code']}"
        parts = (row["seq"], row["at"], row["actor"], row["event"], row["object"], outcome)
        say(one_line("  ".join(str(part) for part in parts if part)))


async def verify_all(
    settings: Settings, evidence: Evidence, tenant: str | None = None
) -> list[Verified]:
    """Verify every tenant, or one. Raises only what keeps the verifier from reading at all."""
    sources = Sources(
        _trust(evidence.trust or settings.trust_file),
        evidence.checkpoint_dir or settings.checkpoint_dir,
        evidence.checkpoint_keys or settings.keys_dir / checkpoints.PUBLIC_FILE,
        wiring.wires(),
        _blobs(settings, evidence),
    )
    if evidence.database is None:
        async with opened(Role.INBOX, settings, any_schema=True) as context:
            return await _verify_each(context.database, sources, tenant)
    copy = audit_source.open_copy(evidence.database)
    try:
        await check_revision(copy)
        return await _verify_each(copy, sources, tenant)
    finally:
        await copy.close()


def _blobs(settings: Settings, evidence: Evidence) -> BlobStore | None:
    """Where the files of documents are looked for; nowhere, if they lie on another machine."""
    if evidence.documents is not None:
        if not evidence.documents.is_dir():
            raise Fault("FOLDER_MISSING", Kind.NOT_FOUND, "There is no directory at this path.")
        return wiring.blobs_in(evidence.documents)
    is_here = settings.is_embedded or settings.documents_dir.is_dir()
    return wiring.blobs(settings) if is_here and evidence.database is None else None


async def _verify_each(database: Database, sources: Sources, tenant: str | None) -> list[Verified]:
    listed = await directory.tenants(database)
    wanted = [one for one in listed if tenant is None or one[1] == tenant.strip().lower()]
    vanished = [] if tenant else await _vanished(database, sources, [one[0] for one in listed])
    if not wanted and not vanished:
        raise Fault(
            "TENANT_UNKNOWN",
            Kind.NOT_FOUND,
            "There is no tenant with this code." if tenant else "There is no tenant here.",
            "`cyberos audit verify` without --tenant verifies every tenant there is.",
        )
    verified = [
        Verified(code, await _verify_one(database, tenant_id, sources))
        for tenant_id, code in wanted
    ]
    return verified + vanished


async def _verify_one(database: Database, tenant_id: str, sources: Sources) -> Report:
    """The report on a tenant; what breaks the verifier is a finding, and the others are next."""
    try:
        return await verifier.verify(database, tenant_id, wiring.clock(), sources)
    except Fault as fault:
        if fault.kind is Kind.UNAVAILABLE:  # then no tenant can be read
            raise
        broke = fault.code
    except Exception as error:
        log.exception("the verifier broke on tenant %s", tenant_id)
        broke = type(error).__name__
    report = Report(tenant_id)
    report.found("verifier", f"could not read this tenant to the end ({broke})")
    return report


async def _vanished(
    database: Database, sources: Sources, listed: Collection[str]
) -> list[Verified]:
    """Every tenant that left a trace inside or outside of the database, which does not list it."""
    traces = dict.fromkeys(checkpoints.logged(sources.checkpoint_dir), "has checkpoints")
    traces |= dict.fromkeys(sources.trust.roots if sources.trust else (), "has a trusted root")
    if database.is_sqlite:
        chains = await audit_source.chains_besides(database, listed)
        traces |= dict.fromkeys(chains, "has a chain")
    found = []
    for tenant_id in sorted(traces.keys() - set(listed)):
        report = Report(tenant_id)
        what = f"does not list this tenant, which {traces[tenant_id]}"
        report.found("tenant directory", what)
        found.append(Verified(tenant_id, report))
    return found


def _trust(file: Path) -> Trust | None:
    return trust.load(file) if file.exists() else None


def as_object(verified: Verified) -> dict[str, Any]:
    """The report as JSON."""
    report = verified.report
    return {
        "tenant": verified.code,
        "tenant_id": report.tenant_id,
        "sound": report.sound,
        "entries": report.entries,
        "end": {"seq": report.end.seq, "hash": report.end.hash},
        "private_values": report.private,
        "erased": report.erased,
        "checkpoints": report.checkpoints,
        "torn_checkpoints": report.torn,
        "actions": report.actions,
        "approvals": report.approvals,
        "findings": [{"place": one.place, "what": one.what} for one in report.findings],
        "more_findings": report.omitted,
        "sealed": [{"place": one.place, "what": one.what} for one in report.sealed],
        "notes": list(report.notes),
    }


def as_text(verified: Verified) -> str:
    """The report as people read it: one line, and one for each thing that is wrong."""
    report = verified.report
    whole = (
        f"{counted(report.entries, 'entry', 'entries')}, "
        f"{counted(report.private, 'private value')} ({report.erased} erased), "
        f"{counted(report.checkpoints, 'checkpoint')}, {counted(report.actions, 'action')} with "
        f"{counted(report.approvals, 'decision')}"
    )
    if report.sound:
        lines = [f"{verified.code}: sound. {whole}."]
    else:
        found = counted(len(report.findings) + report.omitted, "finding")
        lines = [f"{verified.code}: NOT AS IT WAS WRITTEN, {found}. {whole}."]
    lines += [f"  {one_line(str(one))}" for one in report.findings]
    if report.omitted:
        lines.append(f"  and {report.omitted} more")
    lines += [f"  Sealed by the owner: {one_line(str(one))}" for one in report.sealed]
    return "\n".join([*lines, *(f"  Note: {note}" for note in report.notes)])


async def _checkpoint(
    settings: Settings, tenant: str | None, *, new_key: bool
) -> Sequence[dict[str, Any]]:
    trusted = trust.load(settings.trust_file)
    if not new_key:
        checkpoints.load_key(settings.keys_dir, trusted.deploy)  # a second key is never an accident
    key = checkpoints.ensure_key(settings.keys_dir, trusted.deploy)
    known = checkpoints.public_keys(settings.keys_dir / checkpoints.PUBLIC_FILE, trusted.deploy)
    made = []
    async with opened(Role.INBOX, settings) as context:
        await _check_deployment(context, trusted)
        for company in await companies(context, tenant):
            log = checkpoints.log_path(settings.checkpoint_dir, company.id)
            snapshot = audit_source.snapshot(context.database)
            async with reading(snapshot, company.id, context.clock, viewer=SYSTEM) as tx:
                passed = await seals.sealed_by_root(tx, Report(company.id), trusted)
                sealed, new = await audit_checkpoints.make_checkpoint(
                    tx, log, key, known, trusted.deploy, passed
                )
            made.append(
                {"tenant": company.code, "seq": sealed.seq, "hash": sealed.hash, "new": new}
                | {"file": str(log)}
            )
    return made


async def _check_deployment(context: CliContext, trusted: Trust) -> None:
    if await directory.deployment(context.database) not in (None, trusted.deploy):
        raise Fault(
            "TRUST_MISMATCH",
            Kind.CONFLICT,
            "The trust file belongs to another installation than the database.",
            "set CYBEROS_TRUST_FILE and CYBEROS_DATA_DIR to those of this database.",
        )


async def _tail(tenant: str | None, last: int) -> list[dict[str, Any]]:
    async with opened(Role.INBOX) as context:
        company = await the_company(context, tenant)
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            head = await audit_queries.head(tx)
            rows = await audit_queries.entries(tx, after=max(0, head.seq - last), limit=last)
            return [_as_row(row, company) for row in rows]


def _as_row(row: AuditEntry, company: Company) -> dict[str, Any]:
    content = json.loads(row.body)
    actor = content["actor"]
    return {
        "seq": row.seq,
        "at": instant(row.at, company.zone),
        "actor": f"{actor['t']}:{actor['id']}",
        "on_behalf_of": actor["obo"] or None,
        "event": row.event,
        "object": row.object,
        "outcome": content["outcome"],
        "code": content["code"],
        "action_id": row.action_id,
        "hash": row.hash,
    }
