"""Dispatches of invoices: the page is archived, then the letter leaves; each as it was approved."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from domain.documents.blobs import BlobStore
from domain.documents.pages import PageRenderer
from domain.documents.service import Kept
from domain.invoices import service as invoices
from domain.invoices.service import Invoice
from domain.issuing import follow_up
from domain.issuing.follow_up import Filing, Posting
from domain.mailing import mime
from domain.mailing.port import MailSender
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from policies.gate.contract import Delivered, Outside
from policies.gate.dispatches import DispatchHandler, DispatchOrder
from tools.inv.sending import ARCHIVE, MAIL


class _Mailing(NamedTuple):
    """A letter to be written, under the id of its dispatch, so that two of it are one."""

    posting: Posting
    message_id: str
    at: datetime


async def _to_file(tx: Tx, order: DispatchOrder) -> Filing:
    return await follow_up.to_file(tx, await _invoice(tx, order))


async def _file(filing: Any, outside: Outside) -> Delivered:
    kept = await follow_up.file(filing, outside.ports[BlobStore], outside.ports[PageRenderer])
    return Delivered(kept[0].sha256, json.dumps([asdict(one) for one in kept]).encode())


async def _filed(tx: Tx, order: DispatchOrder, delivered: Delivered) -> None:
    pdf, xml = (Kept(**one) for one in json.loads(delivered.reply))
    invoice = await _invoice(tx, order)
    await follow_up.record(tx, invoice, (pdf, xml), action_id=order.action_id)


async def _to_mail(tx: Tx, order: DispatchOrder) -> _Mailing:
    posting = await follow_up.to_post(tx, await _invoice(tx, order))
    return _Mailing(posting, order.id, tx.at)


async def _mail(mailing: Any, outside: Outside) -> Delivered:
    letter = await follow_up.letter(mailing.posting, outside.ports[BlobStore], mailing.message_id)
    content = mime.mime(letter, mailing.at)
    answer = await outside.ports[MailSender].send(content, sender=letter.sender, to=letter.to)
    return Delivered(answer)


HANDLERS = {
    ARCHIVE: DispatchHandler(load=_to_file, carry=_file, settle=_filed),
    MAIL: DispatchHandler(load=_to_mail, carry=_mail, once=True),
}


async def _invoice(tx: Tx, order: DispatchOrder) -> Invoice:
    return await invoices.load(tx, SYSTEM, order.entity_id)
