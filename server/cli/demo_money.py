"""Demo of the money path: from time that was worked to an invoice that is paid and in the books.

The provider and the mail server are sandboxes in a process of their own, asked over real sockets;
the bank feed tells of its money at the real public door.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import anyio

from domain.kernel.clock import VIETNAM, SystemClock
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from fixtures.demo import company as demo
from server.cli.demo_stage import LAUNCHER, Stage

_AGENT, _ACME, _DONG, _APRIL = "cfo_agent", "acme-q2-2026", "dai-duong-vnd", "2026-04"
_FIRST = "INV-2026-04-001"
_SETTINGS = ("CYBEROS_EINVOICE_URL", "CYBEROS_SMTP_URL")
_TOTAL = 2_520_000  # 168 h x 150 USD
_TRIES, _PAUSE_SECONDS = 100, 0.1
_TIMEOUT_SECONDS = 30


async def bill_april(stage: Stage) -> None:
    """The chapters about money."""
    with _sandbox(stage) as web:
        async with stage.client(_AGENT, "--toolsets", "ar") as client:
            await _draft(stage, client)
            action_id = await _propose(stage, client)
            _both_sign(stage, action_id)
            await _arrived(stage, client, web)
            await _paid(stage, client)
    stage.services.clear()


# --- draft, propose, sign ---


async def _draft(stage: Stage, client: Any) -> None:
    stage.title("bill")
    file = LAUNCHER.parent / "fixtures" / "demo" / "april.csv"
    typed = ("--agent", _AGENT, "--tenant", stage.company["tenant"]["code"])
    imported = stage.run_inv(*typed, "time", "import", str(file), "--lang", stage.lang)
    stage.show_command(f"cyberos-inv --agent {_AGENT} time import april.csv", imported)
    asked = {"engagement_id": _ACME, "period": _APRIL}
    draft = await stage.call(client, "inv_draft_invoice", asked)
    assert (draft["number"], draft["total_minor"], draft["entries"]) == (_FIRST, _TOTAL, 47), draft
    stage.say("same_draft")
    again = await stage.call(client, "inv_draft_invoice", asked, quiet=True)
    assert again["invoice_id"] == draft["invoice_id"], "a second draft must be the first"
    total = Money(again["total_minor"], again["currency"]).text(
        "vi" if stage.lang == "vi" else "en"
    )
    stage.line(f"    {again['number']}  {total}")


async def _propose(stage: Stage, client: Any) -> str:
    stage.title("send")
    asked = await stage.call(client, "inv_send_invoice", {"invoice_id": _FIRST}, quiet=True)
    action_id = str(asked["action_id"])
    stage.say("page")
    shown = stage.run("show", action_id, "--lang", stage.lang)
    stage.show_command(f"cyberos show {action_id}", shown, only=_until_the_facts)
    return action_id


def _until_the_facts(lines: list[str]) -> list[str]:
    """What is signed for and every effect; what follows says who asked, and when."""
    blank = [number for number, line in enumerate(lines) if not line.strip()]
    return lines[: blank[-3]] if len(blank) > 2 else lines


def _both_sign(stage: Stage, action_id: str) -> None:
    stage.title("both_sign")
    for role in ("am", "cfo"):
        _sign(stage, action_id, role)


def _sign(stage: Stage, action_id: str, role: str) -> None:
    """Somebody signs; the page is known by now, so what came of it is shown alone."""
    shown, typed = stage.approving(action_id, role)

    def after_the_view(lines: list[str]) -> list[str]:
        return lines[max(n for n, line in enumerate(lines) if not line.strip()) + 1 :]

    stage.show_command(shown, stage.run(*typed), only=after_the_view)


# --- what arrived ---


async def _arrived(stage: Stage, client: Any, web: str) -> None:
    stage.title("arrived")
    (document,) = _get(stage, web, "/einvoice/received")
    number = f"{document['form']}{document['symbol']} {document['number']}"
    stage.line(
        f"    {document['state']}: {number}, {document['issued_on']}, XML {document['sha256']}"
    )
    (letter,) = _get(stage, web, "/mail")
    names = ", ".join(one["name"] for one in letter["attachments"])
    stage.line(f"    {', '.join(letter['to'])}: {letter['subject']} ({names})")
    (pdf,) = (stage.directory / "documents").rglob(f"{_FIRST}.pdf")
    stage.say("archived", path=pdf.relative_to(stage.directory).as_posix(), size=pdf.stat().st_size)
    await _balance(stage, client)


async def _balance(stage: Stage, client: Any) -> None:
    balance = await stage.call(client, "ledger_trial_balance", {})
    assert balance["difference_minor"] == 0, balance


# --- paid ---


async def _paid(stage: Stage, client: Any) -> None:
    """Another customer, in dong: one day of work, sent and paid by the bank feed's word."""
    stage.title("paid")
    work = {"engagement": _DONG, "member": "minh", "worked_on": f"{_APRIL}-29", "hours": "8.00"}
    await stage.call(client, "inv_log_time", {**work, "role": "engineer"}, quiet=True)
    asked = {"engagement_id": _DONG, "period": _APRIL}
    draft = await stage.call(client, "inv_draft_invoice", asked, quiet=True)
    invoice = {"invoice_id": draft["number"]}
    waiting = await stage.call(client, "inv_send_invoice", invoice, quiet=True)
    for slot in waiting["slots"]:
        _sign(stage, str(waiting["action_id"]), slot["roles"][0])
    with _public_door(stage) as door:
        stage.say("feed_tells")
        _tell(stage, door, draft)
        for _ in range(_TRIES):
            seen = await client.call_tool("inv_get_invoice", invoice)
            if seen.structured_content["status"] == "paid":
                break
            await anyio.sleep(_PAUSE_SECONDS)
    status = await stage.call(client, "inv_summarise_payment_status", invoice)
    assert status["state"] == "paid" and status["outstanding_minor"] == 0, status
    await _balance(stage, client)


def _tell(stage: Stage, door: str, invoice: Mapping[str, Any]) -> None:
    """What SePay sends when a customer has paid under the invoice's reference."""
    rail = stage.company["rails"]["sepay"]
    at = datetime.fromtimestamp(SystemClock().now().timestamp(), VIETNAM)
    event = {
        "id": 92704,
        "gateway": "Vietcombank",
        "transactionDate": f"{at:%Y-%m-%d %H:%M:%S}",
        "accountNumber": demo.read(demo.NAMES[0])["rails"][0]["account"],
        "content": f"MBVCB.3278907687.{invoice['payment_reference'].lower()}.CT tu DAI DUONG",
        "transferType": "in",
        "transferAmount": invoice["total_minor"],
        "referenceCode": "MBVCB.3278907687",
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Apikey {rail['key']}"}
    answered = _ask(door, "POST", rail["path"], json.dumps(event).encode(), headers)
    stage.line(f"  POST /webhook/sepay/…  {event['content']}")
    stage.line(f"    {json.dumps(answered)}")


# --- processes beside ours ---


@contextmanager
def _sandbox(stage: Stage) -> Iterator[str]:
    """Provider and mail server, for the processes that carry out; the base of their pages."""
    ports = ("--http-port", "0", "--smtp-port", "0")
    process = stage.start("-m", "fixtures.sandbox", *ports, stdout=subprocess.PIPE)
    try:
        said: dict[str, str] = {}
        while not set(_SETTINGS) <= set(said):
            name, separator, value = _line_of(process.stdout).strip().partition("=")
            if separator:
                said[name] = value
        stage.services.update({name: said[name] for name in _SETTINGS})
        yield said[_SETTINGS[0]]
    finally:
        _end(process)


@contextmanager
def _public_door(stage: Stage) -> Iterator[str]:
    """`cyberos http` for bank feeds and nobody else; its address."""
    command = ("http", "--doors", "public", "--public-port", "0")
    stage.line(f"  $ cyberos {' '.join(command[:3])}")
    process = stage.start(str(LAUNCHER), *command, stderr=subprocess.PIPE)
    try:
        url = ""
        while not url:
            heard = json.loads(_line_of(process.stderr))
            url = heard.get("url", "")
        yield url
    finally:
        _end(process)


def _line_of(stream: Any) -> str:
    """The next line that a process says. Raises DEMO_BROKEN when it has ended instead."""
    line = str(stream.readline())
    if not line:
        raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, "A process of the demo did not start.")
    return line


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _get(stage: Stage, web: str, path: str) -> Any:
    """A page of the sandbox, shown as a request."""
    stage.line(f"  GET {path}")
    return _ask(web, "GET", path)


def _ask(
    url: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """What a server on this machine answers, as JSON. Raises DEMO_BROKEN."""
    there = urlsplit(url)
    connection = HTTPConnection(there.hostname or "", there.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, "A server of the demo refused a request.")
    return json.loads(content)
