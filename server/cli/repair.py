"""Repair of the audit chain: how does a company go on when its chain was damaged?

`cyberos audit repair` changes no entry. It leads the head to the last one and seals what is wrong,
with the root key: the damage stays named for as long as there is a chain.
"""

from pathlib import Path

import typer

from domain.identity.grants import KeyHolder
from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.provisioning.service import OPERATOR
from domain.store import audit_checkpoints, audit_repair, audit_verify, checkpoints
from domain.store.audit_report import Report
from domain.store.engine import Role
from domain.store.events import DamageSealed
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from policies.approvals.trust import Trust
from policies.audit import seals
from server.cli.context import opened, perform
from server.cli.render import answer, one_line, say
from server.cli.signing import ROOT_KEY, ROOT_PASSPHRASE, Ground, ground_for, root_of
from server.settings import Settings

TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if there are several.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def repair(
    root_key: Path = ROOT_KEY,
    tenant: str | None = TENANT,
    root_passphrase_file: Path | None = ROOT_PASSPHRASE,
    as_json: bool = JSON,
) -> None:
    """Seal the damage of a chain as an entry, signed with the root key, so that it can go on.

    First keep the database as it is, and find out what happened: what is sealed is forgiven, and
    named by every `cyberos audit verify` from then on. Nothing that is there is changed.
    """
    ground = perform(lambda: ground_for(tenant))
    root = root_of(ground, root_key, root_passphrase_file)
    report = perform(lambda: _repair(ground, root))
    if as_json:
        named = [{"place": one.place, "what": one.what} for one in report.findings]
        answer({"tenant": ground.company.code, "sealed": named})
        return
    count = counted(len(report.findings), "finding")
    say(f"{ground.company.code}: {count} sealed; the chain goes on.")
    for one in report.findings:
        say(one_line(f"  {one}"))


async def _repair(ground: Ground, root: KeyHolder) -> Report:
    settings, tenant_id = ground.settings, ground.company.id
    trusted = Trust(ground.deploy, {tenant_id: ground.root})
    async with (
        opened(Role.OWNER, settings) as context,
        writing(context.database, tenant_id, context.clock, viewer=SYSTEM) as tx,
    ):
        was_elsewhere = await audit_repair.lead_head_back(tx)
        report = await _damage(tx, settings, trusted)
        if not report.findings and not was_elsewhere:
            raise Fault(
                "AUDIT_WHOLE",
                Kind.CONFLICT,
                "The chain is whole, or all that is wrong with it is sealed.",
                "`cyberos audit verify` says what else there is.",
            )
        seals_over = " ".join(await audit_repair.seals_over(tx, report.findings))
        signed = DamageSealed.to_be_signed(root.deploy, tenant_id, stamp(tx.at), seals_over)
        DamageSealed(seals=seals_over, signature=root.sign(signed).hex()).record(tx, OPERATOR)
    return report


async def _damage(tx: Tx, settings: Settings, trusted: Trust) -> Report:
    """What is wrong with the chain and against its checkpoints, and not sealed yet."""
    report = Report(tx.tenant_id)
    await audit_verify.verify_chain(tx, report)
    known = checkpoints.public_keys(settings.keys_dir / checkpoints.PUBLIC_FILE, trusted.deploy)
    log = checkpoints.log_path(settings.checkpoint_dir, tx.tenant_id)
    await audit_checkpoints.verify_checkpoints(tx, report, log, known, trusted.deploy)
    await audit_repair.pass_over(tx, report, await seals.sealed_by_root(tx, report, trusted))
    if report.omitted:
        raise audit_repair.beyond_repair("more is wrong with it than can be named")
    return report
