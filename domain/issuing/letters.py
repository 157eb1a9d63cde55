"""Letters of invoices: what does the customer read above the attached page? In two languages.

A buyer in Vietnam reads Vietnamese first, one abroad English.
"""

from dataclasses import dataclass
from datetime import date

from domain.kernel.money import Money
from domain.mailing.port import Attachment, Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything a letter speaks of."""

    sender: str
    to: str
    buyer: str
    seller: str
    is_abroad: bool
    label: str
    number: str
    issued_on: date
    due_at: date | None
    total: Money
    reference: str


def letter(words: Words, message_id: str, page: Attachment) -> Letter:
    """The letter under an id of ours, with the page."""
    both = [_english(words), _vietnamese(words)]
    if not words.is_abroad:
        both.reverse()
    subject = (
        f"Invoice {words.label} from {words.seller}"
        if words.is_abroad
        else f"Hóa đơn {words.label} của {words.seller}"
    )
    return Letter(
        message_id=message_id,
        sender=words.sender,
        to=(words.to,),
        subject=subject[:200],
        text="\n\n---\n\n".join(both) + "\n",
        attachments=(page,),
    )


def _vietnamese(words: Words) -> str:
    due = f"Hạn thanh toán: {words.due_at:%d/%m/%Y}.\n" if words.due_at else ""
    return (
        f"Kính gửi Quý khách {words.buyer},\n\n"
        f"{words.seller} xin gửi hóa đơn {words.label} (hóa đơn điện tử {words.number}, ngày"
        f" {words.issued_on:%d/%m/%Y}) trong tệp đính kèm.\n\n"
        f"Số tiền: {words.total.text('vi')}.\n{due}"
        f"Nội dung chuyển khoản: {words.reference}\n\n"
        f"Trân trọng,\n{words.seller}"
    )


def _english(words: Words) -> str:
    due = f"Due: {words.due_at.isoformat()}.\n" if words.due_at else ""
    return (
        f"Dear {words.buyer},\n\n"
        f"please find attached invoice {words.label} of {words.seller} (e-invoice {words.number}"
        f" of {words.issued_on.isoformat()}).\n\n"
        f"Amount: {words.total.text('en')}.\n{due}"
        f"Payment reference: {words.reference}\n\n"
        f"Kind regards,\n{words.seller}"
    )
