"""Batch approval: how are several actions approved with one signature? `cyberos approve ID ID ...`.

The approver sees a line for each, with the digest of its exact call, and the totals. What is signed
is then compared with what was shown, action by action.
"""

from collections.abc import Sequence
from pathlib import Path

from domain.approvals import signed
from domain.identity import keys
from domain.identity.keys import PrivateKey
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from policies.approvals import batching
from policies.approvals.binding import bound
from policies.approvals.voting import PreparedVote
from server import wiring
from server.cli import decisions
from server.cli.action_text import claim, fields, layout_of, standing
from server.cli.action_view import ActionView
from server.cli.context import CliContext, locate, looking, opened, perform
from server.cli.decisions import Choice, Decided
from server.cli.layout import Layout, width
from server.cli.missing_answers import passphrase
from server.cli.render import Words, answer, bold, interactive, money, say

_DIGEST_SHOWN = 16


def approve(
    action_ids: Sequence[str],
    choice: Choice,
    key_file: Path,
    passphrase_file: Path | None,
    lang: str | None,
    *,
    as_json: bool,
) -> None:
    """Show all of them, sign once, record all or none, and carry them out."""
    ids = [id.strip().upper() for id in action_ids]
    shown = perform(lambda: _look(ids, choice))
    words = Words(lang or shown[0].company.locale)
    if not as_json or (passphrase_file is None and interactive()):
        say("\n".join(lines(shown, words)), err=as_json)
    question = words["passphrase"].format(key_file.name)
    opener = passphrase(passphrase_file, question, flag="--passphrase-file")
    key = keys.load(key_file, opener)
    decided = perform(lambda: _sign_and_record(ids, choice, shown, key))
    if as_json:
        answer({"actions": [decisions.decided_object(choice, one) for one in decided]})
    else:
        for one in decided:
            say(f"{one.view.row.id}  {standing(one.view, words)}")
    for one in decided:
        decisions.check_outcome(one)


def lines(shown: Sequence[ActionView], words: Words) -> list[str]:
    """What is signed of each with the digest of its exact call; then the totals."""
    listed: list[str] = []
    for n, view in enumerate(shown, start=1):
        row, layout = view.row, layout_of(view, words, margin="     ")
        title = f"{n:>3}. {row.id}  {row.args_sha256[:_DIGEST_SHOWN]}"
        listed += map(bold, Layout(layout.width).say(title, following="     "))
        listed += [*fields(view, words, layout), *claim(view, words, layout), ""]
    return [*listed, *_totals(shown, words)]


def _totals(shown: Sequence[ActionView], words: Words) -> list[str]:
    """How many, and how much in each currency: amounts of two currencies are never added up."""
    sums: dict[str, int] = {}
    for view in shown:
        row = view.row
        if row.amount_minor is not None and row.currency is not None:
            sums[row.currency] = sums.get(row.currency, 0) + row.amount_minor
    totals = [money(sums[currency], currency, words.language) for currency in sorted(sums)]
    tool = shown[0].row.tool
    said = f"{words['total']}: {len(shown)} × {tool}  {' + '.join(totals)}".rstrip()
    return [bold(line) for line in Layout(width()).say(said, following="  ")]


async def _look(ids: Sequence[str], choice: Choice) -> list[ActionView]:
    """All of them, once it is clear that they may be signed together."""
    async with opened(Role.INBOX) as context:
        homes = [await locate(context, id, code=choice.tenant, email=choice.email) for id in ids]
        if len({home.id for home in homes}) > 1:
            raise Fault(
                "BATCH_NOT_ALLOWED",
                Kind.FORBIDDEN,
                "The actions do not all belong to one company.",
                "approve those of each company on their own.",
            )
        async with looking(context, homes[0]) as tx:
            await batching.check(tx, wiring.approval_context(context.settings), ids)
        return [await decisions.view_of(context, homes[0], id) for id in ids]


async def _sign_and_record(
    ids: Sequence[str], choice: Choice, shown: Sequence[ActionView], key: PrivateKey
) -> list[Decided]:
    async with opened(Role.INBOX) as context:
        try:
            batch = await _record(context, ids, choice, shown, key)
        except Fault as fault:
            if fault.kind is Kind.FORBIDDEN:
                wanted = choice.decision.value
                await decisions.chain_refusal(context, shown[0], choice.email, key, wanted, fault)
            raise
        return [
            await _settled(context, one, view, choice)
            for one, view in zip(batch.items, shown, strict=True)
        ]


async def _record(
    context: CliContext,
    ids: Sequence[str],
    choice: Choice,
    shown: Sequence[ActionView],
    key: PrivateKey,
) -> batching.Batch:
    approval_context, company = wiring.approval_context(context.settings), shown[0].company
    async with looking(context, company) as tx:
        await decisions.check_not_gone_back(context, tx)
        batch = await batching.prepare(
            tx, approval_context, ids, email=choice.email, key_id=key.key_id, slot=choice.slot
        )
    for view, prepared in zip(shown, batch.items, strict=True):
        signed.check_shown(bound(view.row, approval_context.trust.deploy), prepared.payload)
    signature = keys.sign(key, batch.to_be_signed)
    async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
        await batching.record(tx, approval_context, batch, signature)
    return batch


async def _settled(
    context: CliContext, prepared: PreparedVote, view: ActionView, choice: Choice
) -> Decided:
    after = await decisions.view_of(context, view.company, view.row.id)
    report = None
    if after.state == "approved":
        id = view.row.id
        report = await decisions.carry_out(context, view.company, id, choice.wait_seconds)
        after = await decisions.view_of(context, view.company, id)
    return Decided(prepared, after, after.state, report)
