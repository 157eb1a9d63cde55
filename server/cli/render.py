"""Terminal rendering: how does it look in a terminal? Plain lines, in Vietnamese or English.

Untrusted input is cleaned of everything that a terminal would obey; where it stands among the
words of what is signed says server/cli/layout.py.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Locale, Money
from domain.kernel.text import clean_outgoing
from policies.gate.redaction import clean

LANGUAGES = ("vi", "en")

_WORDS: Mapping[str, tuple[str, str]] = {
    "about": ("Đối tượng", "About"),
    "another_alphabet": (
        "các chữ giống chữ La-tinh nhưng thuộc bảng chữ cái khác; so từng chữ.",
        "the letters look Latin and are of another alphabet; compare each.",
    ),
    "agent": ("tác tử", "agent"),
    "also_waits": ("CHÚ Ý: cũng đang chờ về cùng đối tượng:", "NOTE: about the same, there waits"),
    "amount": ("Số tiền", "Amount"),
    "as_before": ("nội dung không đổi", "nothing else differs"),
    "asked_by": ("Người đề nghị", "Asked by"),
    "asked_at": ("Đề nghị lúc", "Asked at"),
    "asker_expired": (
        "CẢNH BÁO: mã truy cập của tác tử này đã hết hạn sau khi đề nghị.",
        "WARNING: the token of this agent has expired since it asked.",
    ),
    "asker_left": (
        "CẢNH BÁO: người được thay mặt đã nghỉ việc sau khi việc này được đề nghị.",
        "WARNING: the person for whom this was asked has left since.",
    ),
    "asker_revoked": (
        "CẢNH BÁO: tác tử này đã bị thu hồi sau khi đề nghị.",
        "WARNING: this agent has been revoked since it asked.",
    ),
    "call": ("Lệnh sẽ chạy", "Call that will run"),
    "changed_since": ("CHÚ Ý: đã đổi từ khi đề nghị", "NOTE: changed since it was asked"),
    "claim": ("Lời của tác tử (không ai kiểm chứng)", "The agent's own words (checked by nobody)"),
    "company": ("Công ty", "Company"),
    "dispatch_done": ("đã xong", "done"),
    "dispatch_failed": ("không làm được", "failed"),
    "dispatch_leased": ("đang làm", "being done"),
    "dispatch_unknown": ("chưa rõ đã đi hay chưa", "sent, outcome unknown"),
    "dispatch_waiting": ("đang chờ", "waits"),
    "does_not_count": ("không còn giá trị", "does not count any more"),
    "effects": ("Sẽ xảy ra, theo thứ tự", "What will happen, in this order"),
    "error": ("Lý do", "Reason"),
    "expires": ("Hết hạn", "Expires"),
    "for": ("thay mặt", "for"),
    "following": ("Việc tiếp theo bên ngoài, theo thứ tự", "What follows outside, in this order"),
    "handed_over": ("bên kia đã nhận, sẽ trả lời sau", "handed over, answer to come"),
    "instead_of": ("CHÚ Ý: thay cho đề nghị", "NOTE: takes the place of"),
    "letters_among_digits": (
        "có chữ cái hoặc ký tự giống chữ số; so từng ký tự.",
        "it has letters or signs that look like digits; compare each.",
    ),
    "not_as_proposed": (
        "{} không còn như lúc được đề xuất: hãy báo quản trị viên.",
        "{} is not as it was proposed: tell an administrator.",
    ),
    "no_longer": ("CẢNH BÁO: nay không còn làm được", "WARNING: it can no longer be done"),
    "no_rate": ("chưa rõ giá trị USD", "value in USD unknown"),
    "nothing_waits": ("Không có việc nào chờ duyệt.", "Nothing waits."),
    "open": ("chưa ký", "open"),
    "outcome": ("Việc sẽ làm", "Outcome"),
    "passphrase": ("Cụm mật khẩu của {}", "Passphrase of {}"),
    "person": ("người", "person"),
    "policy": ("Chính sách", "Policy"),
    "rate": ("Tỷ giá", "Rate"),
    "rejected_by": ("từ chối bởi", "rejected by"),
    "result": ("Kết quả", "Result"),
    "several_alphabets": (
        "có chữ của nhiều bảng chữ cái trông giống nhau; so từng chữ.",
        "it has letters of several alphabets that look alike; compare each.",
    ),
    "signatures": ("Chữ ký cần có", "Signatures needed"),
    "signed_by": ("đã ký:", "signed by"),
    "similar": ("Khách hàng tên gần giống, 24 giờ", "Similar customer, 24 hours"),
    "state": ("Trạng thái", "State"),
    "together": ("Cùng khách hàng, 24 giờ", "Same customer, 24 hours"),
    "together_person": ("Cùng người đề nghị, 24 giờ", "Same person asking, 24 hours"),
    "total": ("Tổng cộng", "Total"),
    "tainted": (
        "CẢNH BÁO: tác tử này đã đọc văn bản do người lạ viết.",
        "WARNING: this agent has read untrusted text from outsiders.",
    ),
    "unseen_characters": (
        "có ký tự không nhìn thấy hoặc dấu chồng lên nhau; hãy hỏi lại tên này.",
        "it has characters that nobody sees, or piled marks; ask for this name again.",
    ),
    "usd_unknown": (
        "chưa rõ giá trị USD, nên cần thêm chữ ký như với số tiền lớn",
        "value in USD unknown, so the larger quorum signs",
    ),
    "version": ("phiên bản", "version"),
    "warning": ("CẢNH BÁO", "WARNING"),
    "whole": ("Viết đủ", "In full"),
    "with_this": ("(tính cả việc này)", "(this one included)"),
    "waits_for": ("còn chờ chữ ký", "waits for"),
    "you_approved": ("Đã ký đồng ý", "Approved"),
    "you_rejected": ("Đã từ chối", "Rejected"),
    "your_slot": ("ô của bạn", "your slot"),
    "approved": ("đã đủ chữ ký, chờ thực hiện", "approved, waits to be carried out"),
    "cancelled": ("đã rút lại", "cancelled"),
    "executing": ("đang thực hiện", "being carried out"),
    "expired": ("đã hết hạn", "expired"),
    "failed": ("không thực hiện được, chưa có gì xảy ra", "failed, nothing has happened"),
    "pending": ("chờ duyệt", "waits for people"),
    "rejected": ("đã bị từ chối", "rejected"),
    "stale": ("không còn đúng với thực tế, phải đề nghị lại", "out of date, has to be asked again"),
    "succeeded": ("đã thực hiện", "done"),
    "unknown": ("chưa rõ đã xảy ra hay chưa", "sent, outcome unknown"),
}


class Words:
    """Our words in one language; LANGUAGE_UNKNOWN for any but ours."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise Fault(
                "LANGUAGE_UNKNOWN",
                Kind.INVALID,
                "There is no such language here.",
                f"use one of {', '.join(LANGUAGES)}.",
            )
        self.language = language
        self.locale: Locale = "vi" if language == "vi" else "en"
        self._place = LANGUAGES.index(self.language)

    def __getitem__(self, name: str) -> str:
        return _WORDS[name][self._place]

    def state(self, state: str) -> str:
        """A state as people read it, with its code for whoever looks it up."""
        return f"{self[state]} ({state})"


def say(text: str, *, err: bool = False) -> None:
    """One or more lines to whoever sits there."""
    typer.echo(text, err=err)


def answer(body: Mapping[str, Any]) -> None:
    """The one JSON object of a command with `--json`; every text in it is cleaned."""
    cleaned = clean(json.loads(json.dumps({"ok": True, **body}, default=_plain)))
    typer.echo(json.dumps(cleaned, ensure_ascii=False, indent=2))


def bold(text: str) -> str:
    """Stand out, where the terminal can and the person wants it (no-color.org)."""
    return text if os.environ.get("NO_COLOR") else typer.style(text, bold=True)


def warning(text: str) -> str:
    """Stand out as a warning."""
    return text if os.environ.get("NO_COLOR") else typer.style(text, bold=True, fg="yellow")


def interactive() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def one_line(text: str) -> str:
    """Foreign text as one line that obeys nobody."""
    return " ".join(clean_outgoing(text).split())


def money(minor: int, currency: str, language: str) -> str:
    """An exact amount."""
    return Money(minor, currency).text("vi" if language == "vi" else "en")


def table(rows: Sequence[tuple[str, str]], margin: str = "") -> list[str]:
    """Labels and values in two columns."""
    width = max((len(label) for label, _ in rows), default=0) + 2
    return [f"{margin}{label:<{width}}{value}".rstrip() for label, value in rows]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
