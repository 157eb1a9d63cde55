"""Audit repair: how does a company go on after its chain was damaged, without hiding the damage?

The head is led to the last entry that is there, and what is wrong with the chain is sealed: an
entry names each finding by a digest over what is found and over the bytes it is found in, so that
whoever changes them once more is found again. Who may seal is judged by policies/audit/seals.py.
"""

import hashlib
import re
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import String, select, type_coerce, update

from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault, Kind
from domain.store.audit_report import Finding, Report
from domain.store.tables import AuditBlob, AuditEntry, AuditHead, AuditRow
from domain.store.tx import Tx

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"\d+")
_LARGEST: Final = 2**53 - 1
_OF_CHECKPOINT: Final = "checkpoint "


async def lead_head_back(tx: Tx) -> bool:
    """Let the head stand at the last entry; whether it stood elsewhere.

    AUDIT_BEYOND_REPAIR if nothing can follow that entry.
    """
    entry = (AuditEntry.seq, AuditEntry.hash)
    last = next(iter(await tx.rows(select(*entry).order_by(AuditEntry.seq.desc()).limit(1))), None)
    head = next(iter(await tx.rows(select(AuditHead.seq, AuditHead.hash))), None)
    is_usable = last is not None and isinstance(last.seq, int) and 0 < last.seq < _LARGEST
    if last is None or head is None or not is_usable or not _HASH.fullmatch(str(last.hash)):
        raise beyond_repair("its head or its last entry is none that another could follow")
    if (head.seq, head.hash) == (last.seq, last.hash):
        return False
    await tx.change(update(AuditHead).values(seq=last.seq, hash=last.hash))
    return True


async def seals_over(tx: Tx, findings: Collection[Finding]) -> dict[str, Finding]:
    """The digest of each finding, over the bytes it is found in."""
    return {await _seal(tx, one): one for one in findings}


async def pass_over(tx: Tx, report: Report, sealed: Collection[str]) -> None:
    """What was found and is sealed stays named, and is no finding any more."""
    if not sealed or not report.findings:
        return
    known = [one for seal, one in (await seals_over(tx, report.findings)).items() if seal in sealed]
    report.findings = [one for one in report.findings if one not in known]
    report.sealed += known


def beyond_repair(why: str) -> Fault:
    """The chain cannot go on."""
    return Fault(
        "AUDIT_BEYOND_REPAIR",
        Kind.CONFLICT,
        f"The chain cannot go on: {why}.",
        "restore the newest backup that `cyberos audit verify` finds sound; keep this database.",
    )


async def _seal(tx: Tx, finding: Finding) -> str:
    # The words about a checkpoint tell how far the chain reaches now, and it goes on.
    what = "" if finding.place.startswith(_OF_CHECKPOINT) else finding.what
    told = canonical([finding.place, what, *(await _bytes_at(tx, finding) if what else ())])
    return hashlib.sha256(b"cyberos.seal.v1\n" + told).hexdigest()[:32]


async def _bytes_at(tx: Tx, finding: Finding) -> list[str]:
    """The entry that a finding names, with its private values and its commitments to rows."""
    number = _NUMBER.search(finding.place)
    if number is None:
        return []
    found: list[str] = []
    for table in (AuditEntry, AuditBlob, AuditRow):
        columns = [type_coerce(column, String) for column in table.__table__.columns]
        rows = select(*columns).where(table.seq == int(number[0]))
        found += sorted(repr(tuple(map(_plain, row))) for row in await tx.rows(rows))
    return found


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
