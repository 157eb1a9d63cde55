"""The public door: whoever shows both secrets is heard and kept once, and nobody else is heard."""

import asyncio
import json
import random
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from domain.receipts.tables import Receipt, WebhookConflict, WebhookEvent
from server.http import guards
from server.http.connections import serving
from server.http.limits import Limits
from server.http.metrics import Metrics
from server.http.public_door import PublicDoor
from server.http.webhooks import Webhooks
from tests.cash_application.test_matching import outstanding
from tests.http.process import begun, started
from tests.http.serving import QUICK, TIMEOUT_SECONDS, answer_from
from tests.receipts.ground import event, feed, invoice, worked
from tests.rows import difference, everything

TOO_LONG = 1024 * 1024 + 1


@dataclass
class Public:
    """The door on a real socket, seen by a feed."""

    port: int
    metrics: Metrics

    async def post(self, path, body, *, key=None, more=(), method="POST", host=None):
        """One request on a connection of its own; the answer, or None if it hangs up."""
        shown = [f"Authorization: Apikey {key}"] if key is not None else []
        lines = [
            f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}",
            f"Content-Length: {len(body)}", "Content-Type: application/json", *shown, *more,
        ]  # fmt: skip
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                writer.write("\r\n".join([*lines, "", ""]).encode() + body)
                return await answer_from(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            writer.close()

    async def tell(self, feed, told, **changes):
        """What a feed sends."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return await self.post(feed.path, body, **{"key": feed.key, **changes})

    def refused(self, reason):
        """How many requests were refused for a reason."""
        said = self.metrics.text().decode()
        line = f'cyberos_refused_total{{reason="{reason}"}} '
        return int(float(said.partition(line)[2].partition("\n")[0] or 0))


@asynccontextmanager
async def public(world, limits=None, now=time.monotonic):
    listening = socket.create_server(("127.0.0.1", 0))
    port, limits, metrics = listening.getsockname()[1], limits or Limits(), Metrics()

    async def ready():
        return ""

    webhooks = Webhooks(world.public_side, world.clock, limits, now=now)
    door = PublicDoor(guards.names(port), webhooks, metrics, ready, limits)
    server = serving(door, limits, metrics)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)
    try:
        yield Public(port, metrics)
    finally:
        server.stop()
        server.stop()
        await asyncio.wait_for(running, TIMEOUT_SECONDS)


async def kept(world, company=None):
    async with world.looking(company) as tx:
        return list(await tx.all(select(WebhookEvent).order_by(WebhookEvent.id)))


@pytest.mark.both
async def test_what_both_secrets_tell_is_kept_as_it_came_before_it_is_answered(world):
    mine, body = await feed(world), json.dumps(event(memo="Công ty"), indent=1).encode()
    async with public(world) as door:
        answer = await door.tell(mine, body)
        (row,) = await kept(world)

    assert (answer.status, answer.json) == (200, {"success": True})
    assert (row.body, row.state, row.endpoint_id) == (body, "new", mine.id)


@pytest.mark.both
async def test_a_wrong_key_and_an_unknown_address_are_refused_alike_and_leave_nothing(world):
    mine, theirs = await feed(world), await feed(world, world.theirs)
    revoked = replace(await feed(world), key="x")
    before = await everything(world)
    told = json.dumps(event()).encode()
    async with public(world) as door:
        answers = [
            await door.tell(mine, told, key="wrong"),
            await door.tell(mine, told, key=""),
            await door.tell(mine, told, key=None),
            await door.tell(mine, told, key=theirs.key),
            await door.tell(mine, told, key=None, more=[f"Authorization: Bearer {mine.key}"]),
            await door.tell(mine, told, more=["Authorization: Apikey twice"]),
            await door.tell(mine, told, key="ü" * 40),
            await door.tell(revoked, told),
            await door.tell(replace(mine, path=mine.path[:-1] + "x"), told),
            await door.tell(replace(mine, path="/webhook/sepay/x"), told),
            await door.tell(replace(mine, path="/webhook/momo/" + mine.endpoint_key), told),
            await door.tell(replace(mine, path=mine.path + "?x=1"), told),
            await door.tell(replace(mine, path="/webhook/sepay/../x%00"), told),
            await door.tell(replace(mine, path="/webhook/" + "a" * 3_000), told),
            await door.tell(mine, b"{", key="wrong"),
        ]
        counted = door.refused("KEY_INVALID")

    def told_apart(answer):
        return answer.status, answer.body, {**answer.headers, "date": ""}

    assert {json.dumps(told_apart(one), default=str) for one in answers} == {
        json.dumps(told_apart(answers[0]), default=str)
    }
    assert answers[0].status == 401 and counted == len(answers)
    assert difference(before, await everything(world)) == {}


@pytest.mark.both
async def test_an_unknown_address_takes_as_long_as_a_wrong_key(world):
    mine, told = await feed(world), json.dumps(event()).encode()
    took = {mine.path: [], "/webhook/sepay/x": []}
    async with public(world) as door:
        for _ in range(60):
            for path, times in took.items():
                begun = time.perf_counter()
                await door.post(path, told, key="wrong")
                times.append(time.perf_counter() - begun)

    known, unknown = map(min, took.values())  # what else this machine does only adds to it
    assert 0.5 < known / unknown < 2


@pytest.mark.both
async def test_the_same_again_is_the_same_and_another_under_its_id_is_an_alert(world):
    mine, told = await feed(world), event()
    again = json.dumps(dict(reversed(told.items())), indent=2).encode()
    async with public(world) as door:
        first = await door.tell(mine, told)
        answers = [
            await door.tell(mine, again),
            await door.tell(mine, {**told, "transferAmount": 1}),
            await door.tell(mine, {**told, "transferAmount": 1}),
            await door.tell(mine, {**told, "accountNumber": "1"}),
            await door.tell(await feed(world), told),
        ]

    async with world.looking() as tx:
        alerts = await tx.all(select(WebhookConflict))
    assert first.status == 200
    assert [one.status for one in answers] == [200, 409, 409, 409, 200]
    assert len(await kept(world)) == 1 and len(alerts) == 2
    assert "transferAmount" not in repr([vars(one) for one in alerts])
    await worked(world)
    async with world.looking() as tx:
        assert all(one.told_at for one in await tx.all(select(WebhookConflict)))


async def test_what_is_no_event_is_refused_and_nothing_of_it_is_kept(world):
    mine = await feed(world)
    before = await everything(world)
    nested = b"[" * 100_000
    async with public(world) as door:
        answers = {
            body[:20]: (await door.tell(mine, body)).status
            for body in (
                b"",
                b"nope",
                b'{"id": 1, "id": 2}',
                b'{"id":1,"a":{"b":1,"b":1}}',
                b'{"id":NaN}',
                b'{"id": "\\ud800"}',
                b"\xff",
                nested,
                b"[]",
                b"{}",
                b'"x"',
                b'{"id": null}',
                b'{"id": 1}{"id": 2}',
                b'\xef\xbb\xbf{"id": 1}',
            )
        }
        too_long = await door.tell(mine, b" " * TOO_LONG)
        chunked = await door.post(mine.path, b"", key=mine.key, more=["Transfer-Encoding: chunked"])

    assert set(answers.values()) == {400}, answers
    assert too_long.status == 413 and (chunked is None or chunked.status == 400)
    assert difference(before, await everything(world)) == {}


async def test_only_webhooks_are_answered_there(world):
    mine = await feed(world)
    async with public(world) as door:
        found = {
            (await door.post(path, b"{}", key=mine.key)).status
            for path in ("/mcp", "/v1/tools", "/v1/openapi.json", "/", "/webhook", "/webhooks/x")
        }
        got = await door.post(mine.path, b"", key=mine.key, method="GET")
        alive = await door.post("/healthz", b"", method="GET")
        elsewhere = await door.post("/healthz", b"", method="GET", host="evil.vn")
        other = await door.tell(mine, event(), host="evil.vn")

    assert found == {404}
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert (alive.status, elsewhere.status, other.status) == (200, 421, 421)


async def test_a_slow_body_is_cut_and_a_silent_head_is_hung_up_on(world):
    mine = await feed(world)
    async with public(world, QUICK) as door:
        head = (
            f"POST {mine.path} HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n"
            f"Authorization: Apikey {mine.key}\r\nContent-Length: 10\r\n\r\n{{"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head.encode())
        slow = await asyncio.wait_for(answer_from(reader), TIMEOUT_SECONDS)
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head[:20].encode())
        silent = await asyncio.wait_for(reader.read(), TIMEOUT_SECONDS)
        writer.close()

    assert slow.status == 408 and b"HTTP" not in silent
    assert await kept(world) == []


async def test_who_shows_many_wrong_keys_is_refused_sooner_and_locks_no_feed_out(world):
    mine, told = await feed(world), event()
    limits = replace(Limits(), bad_keys_at_once=3, bad_keys_per_second=0.001)
    async with public(world, limits) as door:
        assert (await door.tell(mine, told)).status == 200
        wrong = [(await door.tell(mine, told, key="x")).status for _ in range(5)]
        right = await door.tell(mine, told)

    assert wrong == [401, 401, 401, 429, 429] and right.status == 200


async def test_an_endpoint_and_an_address_have_their_turns(world):
    mine = await feed(world)
    limits = replace(Limits(), webhooks_at_once=4, webhooks_per_second=0.001)
    async with public(world, limits) as door:
        answers = [await door.tell(mine, event()) for _ in range(6)]

    assert [one.status for one in answers] == [200, 200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert len(await kept(world)) == 4


@pytest.mark.both
async def test_a_hundred_times_shuffled_from_eight_clients_is_one_payment(world):
    mine, bills = await feed(world), [await invoice(world) for _ in range(2)]
    told = [event(one.total_minor, f"ck {one.payment_reference.lower()}") for one in bills]
    sent = told * 50
    random.Random(7).shuffle(sent)
    async with public(world) as door:

        async def client(share):
            return [(await door.tell(mine, one)).status for one in share]

        first = await asyncio.gather(*(client(sent[n::8]) for n in range(8)), worked(world))
        await worked(world)
        again = await asyncio.gather(*(client(sent[n::8]) for n in range(8)), worked(world))
    await worked(world)

    assert {status for one in (*first[:8], *again[:8]) for status in one} == {200}
    assert len(await kept(world)) == 2
    async with world.looking() as tx:
        assert [one.waits_for for one in await tx.all(select(Receipt))] == [None, None]
    assert await outstanding(world, *bills) == [0, 0]


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_both_doors_of_an_embedded_process_serve_and_what_came_is_applied_at_once(world):
    mine, bill = await feed(world), await invoice(world)
    told = event(bill.total_minor, bill.payment_reference)
    options = ("--doors", "mcp,public", "--public-port", "0")
    async with started(world, *options) as server:
        line = await asyncio.wait_for(server.process.stderr.readline(), TIMEOUT_SECONDS)
        second = json.loads(line)["url"]
        door = Public(int(second.rsplit(":")[-1].partition("/")[0]), Metrics())
        refused = await door.tell(mine, told, key="secret-that-is-wrong")
        answer = await door.tell(mine, told)
        agents = await server.get("/healthz")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while await outstanding(world, bill) != [0]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        code = await server.end()

    log = json.dumps(server.lines)
    assert (refused.status, answer.status, agents.status, code) == (401, 200, 200, 0)
    assert second.endswith("/webhook") and server.url.endswith("/mcp")
    for secret in (mine.key, mine.endpoint_key, "secret-that-is-wrong", bill.payment_reference):
        assert secret not in log


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
async def test_on_postgresql_a_process_opens_one_door(world):
    mine = await feed(world)
    process = await begun(world, "--doors", "mcp,public", "--public-port", "0")
    _, said = await process.communicate()
    async with started(world, "--doors", "public", "--public-port", "0") as server:
        door = Public(server.port, Metrics())
        answer = await door.tell(mine, event())
        ready = await server.get("/readyz")
        code = await server.end()

    assert said.decode().startswith("cyberos http: DOORS_APART: ") and process.returncode == 2
    assert (answer.status, ready.status, code) == (200, 200, 0)
