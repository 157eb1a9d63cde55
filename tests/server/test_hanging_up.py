"""A client that hangs up gets every answer to what it asked before: what is written is told."""

import json

import mcp_types as types
from mcp.shared.message import SessionMessage
from sqlalchemy import text

from server import in_flight
from server.in_flight import InFlight
from tests.wire import spoken

CALLS = 12


def creating(number: int) -> str:
    """A call that writes."""
    arguments = {"name": f"Công ty số {number}", "account_type": "llc"}
    params = {"name": "crm_create_account", "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


async def test_every_write_is_answered_although_the_client_said_no_more(world):
    async with spoken(world) as wire:
        for number in range(100, 100 + CALLS):
            wire.say(creating(number))
        wire.hang_up()
        answers = [await wire.hear() for _ in range(CALLS)]

    async with world.looking() as tx:
        asked = text("select count(*) from account where tenant_id = :tenant")
        written = await tx.session.scalar(asked, {"tenant": tx.tenant_id})
    assert sorted(one["id"] for one in answers) == list(range(100, 100 + CALLS))
    assert written == len([one for one in answers if not one["result"]["isError"]]) == CALLS


def request(number: int) -> SessionMessage:
    return SessionMessage(types.JSONRPCRequest(jsonrpc="2.0", id=number, method="tools/call"))


async def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(in_flight, "FINISH_WITHIN_SECONDS", 0)
    waiting = InFlight()
    waiting.heard(request(1))

    await waiting.all_answered()


async def test_nobody_waits_for_what_was_answered_or_taken_back():
    waiting = InFlight()
    for number in (1, 2, 3):
        waiting.heard(request(number))
    error = types.ErrorData(code=-32602, message="no")
    waiting.said(SessionMessage(types.JSONRPCResponse(jsonrpc="2.0", id=1, result={})))
    waiting.said(SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=2, error=error)))
    waiting.heard(
        SessionMessage(
            types.JSONRPCNotification(
                jsonrpc="2.0", method="notifications/cancelled", params={"requestId": 3}
            )
        )
    )

    await waiting.all_answered()  # without a clock: it would hang here
