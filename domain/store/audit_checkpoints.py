"""Checkpoint audit: does the chain still contain what was signed outside, and is its end signed?

The second part of what shows that the chain of a tenant is whole (domain/store/audit_verify.py):
a chain whose end was cut off looks whole, and only a checkpoint kept elsewhere says otherwise.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from domain.kernel.faults import Fault, Kind
from domain.store import audit_queries, audit_repair, checkpoints
from domain.store.audit_report import BEGINNING, Report
from domain.store.audit_verify import verify_chain
from domain.store.chain import GENESIS, Sealed
from domain.store.checkpoints import Checkpoint, PublicKey, SigningKey
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

_NOTES_AT_ONCE: Final = 500


async def hashes_at(tx: Tx, seqs: Collection[int]) -> dict[int, str]:
    """The stored hashes of these entries, as far as there are such entries."""
    wanted = [seq for seq in set(seqs) if seq]
    found = await tx.rows(select(AuditEntry.seq, AuditEntry.hash).where(AuditEntry.seq.in_(wanted)))
    return {0: GENESIS.hex(), **{row.seq: row.hash for row in found}}


async def newest_missing(tx: Tx, directory: Path, deploy: str) -> Path | None:
    """The log of this chain, if its newest checkpoint is not in the chain: the database went back.

    One of another installation says nothing about this chain.
    """
    log = checkpoints.log_path(directory, tx.tenant_id)
    newest = checkpoints.newest(log)
    if newest is None or newest.origin != checkpoints.origin(deploy, tx.tenant_id):
        return None
    there = await hashes_at(tx, [newest.sealed.seq])
    return log if there.get(newest.sealed.seq) != newest.sealed.hash else None


async def uncovered_since(tx: Tx, directory: Path) -> datetime | None:
    """When the oldest entry was made that no checkpoint in this folder covers; None if all are."""
    newest = checkpoints.newest(checkpoints.log_path(directory, tx.tenant_id))
    covered = newest.sealed.seq if newest else 0
    uncovered = await audit_queries.entries(tx, after=covered, limit=1)
    return uncovered[0].at if uncovered else None


async def verify_checkpoints(
    tx: Tx, report: Report, log: Path, keys: Sequence[PublicKey], deploy: str | None
) -> None:
    """Hold every checkpoint of the log against the chain, which must have been walked before.

    Without a `deploy` any deployment's checkpoints of this tenant are compared.
    """
    batch: list[Checkpoint] = []
    for record in checkpoints.read(log):
        if isinstance(record, Checkpoint):
            batch.append(record)
        elif record.torn:
            report.torn += 1
        else:
            report.found(f"checkpoint log, line {record.line}", "is not a checkpoint")
        if len(batch) == _NOTES_AT_ONCE:
            await _compare(tx, report, batch, keys, deploy)
            batch = []
    await _compare(tx, report, batch, keys, deploy)
    if not report.checkpoints:
        report.notes.append(
            "There is no checkpoint yet, so a chain whose end was cut off would look whole."
        )


async def _compare(
    tx: Tx,
    report: Report,
    batch: Sequence[Checkpoint],
    keys: Sequence[PublicKey],
    deploy: str | None,
) -> None:
    there = await hashes_at(tx, [one.sealed.seq for one in batch])
    for one in batch:
        report.checkpoints += 1
        place = f"checkpoint {one.sealed.seq}"
        named = one.origin.rpartition("/")[2] == report.tenant_id
        if not named or (deploy and one.origin != checkpoints.origin(deploy, report.tenant_id)):
            report.found(place, "is about another chain")
        elif not checkpoints.genuine(one, keys):
            report.found(place, "is not signed by the checkpoint key of this deployment")
        elif one.sealed.seq > report.end.seq:
            report.found(place, f"the chain ends at {report.end.seq}")
        elif one.sealed.seq not in there:
            report.found(place, f"entry {one.sealed.seq} is missing")
        elif there[one.sealed.seq] != one.sealed.hash:
            report.found(place, f"entry {one.sealed.seq} has another hash now")


async def make_checkpoint(
    tx: Tx,
    log: Path,
    key: SigningKey,
    keys: Sequence[PublicKey],
    deploy: str,
    sealed: Collection[str] = (),
) -> tuple[Sealed, bool]:
    """Verify the chain since the newest checkpoint, then sign its end; False if nothing is new.

    A chain that contradicts the newest checkpoint, or itself since then, is not signed:
    AUDIT_BROKEN. Otherwise a rolled-back database would soon have fresh checkpoints. What is
    `sealed` has been seen and signed.
    """
    newest = checkpoints.newest(log)
    report = Report(tx.tenant_id, newest.sealed if newest else BEGINNING)
    if newest is not None:
        await _compare(tx, report, [newest], (*keys, key.public), deploy)
    await verify_chain(tx, report, after=newest.sealed if newest else None)
    await audit_repair.pass_over(tx, report, sealed)
    if report.findings:
        raise Fault(
            "AUDIT_BROKEN",
            Kind.CONFLICT,
            f"The audit chain is not whole ({report.findings[0]}), so it is not signed.",
            "run `cyberos audit verify` and keep the database and the checkpoints as they are.",
        )
    if newest is not None and newest.sealed == report.end:
        return report.end, False
    checkpoints.append(log, checkpoints.make(key, deploy, tx.tenant_id, report.end))
    return report.end, True
