"""An e-invoice provider says what became of a document, and only of that one.

Both adapters keep the contract of the port: the embedded one with its folder, and the one over HTTP
against the sandbox on a real socket.
"""

import hashlib
import json
from contextlib import asynccontextmanager

import pytest

from domain.einvoices.transmitter import Accepted, Awaited, NoTransmitter, Rejected
from domain.kernel.clock import HandClock
from domain.kernel.faults import Fault, Kind, NotSent
from fixtures.sandbox.einvoice import ANOTHER, LATE, LATE_AFTER, REJECTED, SILENT, SandboxProvider
from fixtures.sandbox.folder import DocumentFolder
from server.gateways.einvoice.embedded import EmbeddedEInvoice
from server.gateways.einvoice.http import HttpEInvoice
from server.gateways.http_client import Circuit
from tests.gateways.sandbox import einvoices, hdon, listening
from tests.world import NOW

TIMEOUT, SHORT = 10.0, 0.3


@asynccontextmanager
async def _embedded(folder, clock, _timeout):
    provider = SandboxProvider(clock, DocumentFolder(folder))
    yield EmbeddedEInvoice(provider), provider


@asynccontextmanager
async def _over_http(_folder, clock, timeout):
    async with einvoices(clock) as (url, sandbox):
        yield HttpEInvoice(url, timeout=timeout, circuit=Circuit(lambda: 0.0)), sandbox.provider


@pytest.fixture(params=[_embedded, _over_http], ids=["embedded", "http"])
def opened(request, tmp_path):
    clock = HandClock(NOW)

    def open_one(timeout=TIMEOUT):
        return request.param(tmp_path / "einvoice", clock, timeout)

    open_one.clock = clock
    return open_one


async def fault_of(asked):
    with pytest.raises(Fault) as caught:
        await asked
    return caught.value


async def test_a_document_is_accepted_and_known_by_its_message_id(opened):
    async with opened() as (transmitter, provider):
        before = await transmitter.ask("M-1")
        answer = await transmitter.submit("M-1", hdon())
        asked = await transmitter.ask("M-1", xml=hdon())
        (received,) = provider.received()

    assert before is None
    assert isinstance(answer, Accepted) and answer == asked
    assert answer.reference.startswith("SB-") and json.loads(answer.reply)["state"] == "accepted"
    assert received["xml"].encode() == hdon() and received["state"] == "accepted"
    assert (received["seller_tax_code"], received["number"]) == ("0307654321", "1")


async def test_the_same_again_is_the_same_and_other_bytes_are_refused(opened):
    async with opened() as (transmitter, provider):
        first = await transmitter.submit("M-1", hdon())
        again = await transmitter.submit("M-1", hdon())
        other = await transmitter.submit("M-1", hdon(number=2))
        still = await transmitter.ask("M-1", xml=hdon())
        strange = await fault_of(transmitter.ask("M-1", xml=hdon(number=2)))
        came = len(provider.received())

    assert first == again == still and came == 1
    assert isinstance(other, Rejected) and other.code == "MESSAGE_ID_CONFLICT"
    assert strange.code == "EINVOICE_WRONG_DOCUMENT"


async def test_a_number_is_taken_once_and_one_that_was_rejected_may_come_again(opened):
    async with opened() as (transmitter, provider):
        refused = await transmitter.submit("M-9", hdon(buyer=REJECTED))
        corrected = await transmitter.submit("M-2", hdon())
        twice = await transmitter.submit("M-3", hdon(buyer="9900000111"))
        elsewhere = await transmitter.submit("M-4", hdon(seller="9900000217"))
        asked = await transmitter.ask("M-3")
        states = [one["state"] for one in provider.received()]

    assert isinstance(refused, Rejected) and refused.code == "BUYER_REFUSED"
    assert isinstance(corrected, Accepted) and isinstance(elsewhere, Accepted)
    assert isinstance(twice, Rejected) and twice.code == "NUMBER_TAKEN" and asked == twice
    assert sorted(states) == ["accepted", "accepted", "rejected", "rejected"]


async def test_who_is_silent_has_accepted_and_says_so_when_asked(opened):
    async with opened(SHORT) as (transmitter, provider):
        fault = await fault_of(transmitter.submit("M-1", hdon(buyer=SILENT)))
        asked = await transmitter.ask("M-1")
        came = len(provider.received())

    assert (fault.code, fault.kind) == ("EINVOICE_NO_ANSWER", Kind.UNAVAILABLE)
    assert not isinstance(fault, NotSent)
    assert isinstance(asked, Accepted) and came == 1


async def test_a_late_answer_comes_after_a_while(opened):
    async with opened() as (transmitter, _):
        first = await transmitter.submit("M-1", hdon(buyer=LATE))
        soon = await transmitter.ask("M-1")
        opened.clock.move(LATE_AFTER)
        later = await transmitter.ask("M-1")

    assert isinstance(first, Awaited) and first == soon
    assert isinstance(later, Accepted) and later.reference == first.reference


async def test_an_answer_about_another_document_is_none(opened):
    async with opened() as (transmitter, provider):
        handed_over = await fault_of(transmitter.submit("M-1", hdon(buyer=ANOTHER)))
        asked = await fault_of(transmitter.ask("M-1"))
        came = len(provider.received())

    for fault in (handed_over, asked):
        assert fault.code == "EINVOICE_WRONG_DOCUMENT" and not isinstance(fault, NotSent)
    assert came == 1


HOSTILE = {
    "bomb": b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><HDon>&d;</HDon>',
    "file": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><HDon>&b;</HDon>',
    "doctype": b"<!DOCTYPE HDon>" + hdon(),
    "deep": b"<a>" * 5_000 + b"</a>" * 5_000,
    "no XML": b"\x00\xff",
    "other charset": b'<?xml version="1.0" encoding="UTF-7"?>' + hdon(),
    "not UTF-8": hdon().replace("Sao Biển".encode(), b"\xe9"),
    "nothing": b"",
    "other root": b"<Evil/>",
    "no number": hdon().replace(b"<SHDon>1</SHDon>", b""),
    "number 0": hdon(number=0),
}


@pytest.mark.parametrize("xml", HOSTILE.values(), ids=HOSTILE)
async def test_what_cannot_be_read_safely_is_rejected_and_not_kept(opened, xml):
    async with opened() as (transmitter, provider):
        answer = await transmitter.submit("M-1", xml)
        asked = await transmitter.ask("M-1")
        came = provider.received()

    assert isinstance(answer, Rejected) and answer.code == "XML_INVALID"
    assert b"passwd" not in answer.reply and b"root:" not in answer.reply
    assert (asked, came) == (None, [])


async def test_what_the_embedded_provider_took_is_there_for_the_next_process(tmp_path):
    first = EmbeddedEInvoice(SandboxProvider(HandClock(NOW), DocumentFolder(tmp_path / "x")))
    answer = await first.submit("M-1", hdon())

    later = EmbeddedEInvoice(SandboxProvider(HandClock(NOW), DocumentFolder(tmp_path / "x")))

    assert await later.ask("M-1") == answer
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "x" / "M-1.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["M-1.json"]


def said(**more):
    ours = {"message_id": "M-1", "sha256": hashlib.sha256(hdon()).hexdigest(), "state": "accepted"}
    return json.dumps({**ours, "reference": "R1", **more}).encode()


WRONG = {
    "another id": (said(message_id="M-2"), "WRONG_DOCUMENT"),
    "another digest": (said(sha256="0" * 64), "WRONG_DOCUMENT"),
    "no digest": (said(sha256=""), "WRONG_DOCUMENT"),
    "no state": (said(state="fine"), "BAD_ANSWER"),
    "no reference": (said(reference=""), "BAD_ANSWER"),
    "a reference that is text": (said(reference="ignore\nall"), "BAD_ANSWER"),
    "rejected without a code": (said(state="rejected"), "BAD_ANSWER"),
    "a code that is text": (said(state="rejected", code="Please approve"), "BAD_ANSWER"),
    "unknown": (said(state="unknown"), "BAD_ANSWER"),
    "a list": (b"[]", "BAD_ANSWER"),
    "HTML": (b"<html>", "BAD_ANSWER"),
    "nothing": (b"", "BAD_ANSWER"),
    "deep": (b"[" * 100_000, "BAD_ANSWER"),
}


def answering(body):
    async def application(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return application


@pytest.mark.parametrize(("body", "code"), WRONG.values(), ids=WRONG)
async def test_whatever_a_provider_answers_wrongly_is_not_believed(body, code):
    async with listening(answering(body)) as url:
        fault = await fault_of(HttpEInvoice(url, timeout=TIMEOUT).submit("M-1", hdon()))

    assert fault.code == f"EINVOICE_{code}" and not isinstance(fault, NotSent)
    assert fault.kind is Kind.UNAVAILABLE


async def test_a_reason_is_untrusted_input_on_one_line():
    reason = "no\n\u202eway \u200b" + "x" * 9_000
    async with listening(answering(said(state="rejected", code="E1", reason=reason))) as url:
        answer = await HttpEInvoice(url, timeout=TIMEOUT).submit("M-1", hdon())

    assert isinstance(answer, Rejected)
    assert answer.reason.startswith("no way x") and len(answer.reason) == 500


async def test_a_page_that_is_missing_does_not_say_that_a_message_is_unknown():
    async with einvoices() as (url, _):
        fault = await fault_of(HttpEInvoice(f"{url}/elsewhere", timeout=TIMEOUT).ask("M-1"))

    assert fault.code == "EINVOICE_FAILED"


async def test_without_a_provider_nothing_is_sent():
    fault = await fault_of(NoTransmitter().submit("M-1", hdon()))
    asked = await fault_of(NoTransmitter().ask("M-1"))

    assert isinstance(fault, NotSent) and asked.code == fault.code == "EINVOICE_NOT_CONFIGURED"
    assert "CYBEROS_EINVOICE_URL" in fault.hint


@pytest.mark.parametrize("message_id", ["", "../x", "a/b", "a b", "x" * 47])
async def test_an_id_that_could_lead_elsewhere_is_our_own_mistake(opened, message_id):
    async with opened() as (transmitter, _):
        with pytest.raises(AssertionError, match="message id"):
            await transmitter.submit(message_id, hdon())
        with pytest.raises(AssertionError, match="message id"):
            await transmitter.ask(message_id)
