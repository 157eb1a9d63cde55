"""A taxpayer registry says who has a tax code, or says in so many words that it does not.

Both adapters keep the contract of the port: the embedded one, and the one over HTTP against the
sandbox on a real socket.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from domain.kernel.clock import HandClock
from domain.kernel.faults import Fault, Kind
from domain.store.tx import reading
from fixtures.vn.taxpayers import content, taxpayers
from server.gateways.http_client import OPEN_SECONDS, Circuit
from server.gateways.tax_registry.embedded import EmbeddedTaxRegistry
from server.gateways.tax_registry.http import HttpTaxRegistry
from tests.gateways.sandbox import tax_registry
from tests.world import NOW

KNOWN, BRANCH, NOBODY = "9900000104", "9900000104-001", "9900000999"
TIMEOUT = 10.0  # of a test that expects an answer
SHORT = 0.2  # of one that waits in vain


@asynccontextmanager
async def _embedded():
    yield EmbeddedTaxRegistry(taxpayers()), "embedded"


@asynccontextmanager
async def _over_http():
    async with tax_registry() as (url, _):
        yield HttpTaxRegistry(url, timeout=TIMEOUT), "127.0.0.1"


ADAPTERS = pytest.mark.parametrize("opened", [_embedded, _over_http], ids=["embedded", "http"])


@ADAPTERS
@pytest.mark.parametrize("code", [KNOWN, BRANCH, "0314556677"])
async def test_somebody_is_found_with_name_address_and_state(opened, code):
    async with opened() as (registry, source):
        answer = await registry.look_up(code)

    assert (answer.tax_code, answer.source) == (code, source)
    assert answer.taxpayer == taxpayers()[code]
    assert answer.taxpayer.gdt_status == "00"


@ADAPTERS
async def test_nobody_is_an_answer_too(opened):
    async with opened() as (registry, source):
        answer = await registry.look_up(NOBODY)

    assert (answer.tax_code, answer.source, answer.taxpayer) == (NOBODY, source, None)


@ADAPTERS
async def test_a_state_that_nobody_knows_is_none_and_not_guessed(opened):
    async with opened() as (registry, _):
        answer = await registry.look_up("9900000224")

    assert answer.taxpayer is not None and answer.taxpayer.gdt_status is None


async def test_the_embedded_registry_says_nothing_of_codes_that_may_be_real():
    with pytest.raises(Fault) as caught:
        await EmbeddedTaxRegistry(taxpayers()).look_up("0100109106")

    assert (caught.value.code, caught.value.kind) == ("TAX_REGISTRY_INVENTED", Kind.FORBIDDEN)


WRONG = {
    "another": "TAX_REGISTRY_WRONG_TAXPAYER",
    "html": "TAX_REGISTRY_BAD_ANSWER",
    "error": "TAX_REGISTRY_FAILED",
    "nothing": "TAX_REGISTRY_UNREACHABLE",
    "slow": "TAX_REGISTRY_TIMEOUT",
    "oversize": "TAX_REGISTRY_BAD_ANSWER",
    "redirect": "TAX_REGISTRY_FAILED",
    "busy": "TAX_REGISTRY_BUSY",
    "empty": "TAX_REGISTRY_BAD_ANSWER",
    "unknown": "TAX_REGISTRY_BAD_ANSWER",
    "nameless": "TAX_REGISTRY_BAD_ANSWER",
    "compressed": "TAX_REGISTRY_BAD_ANSWER",
    "broken": "TAX_REGISTRY_BAD_ANSWER",
}


@pytest.mark.parametrize(("code", "way"), content()["misbehaviours"].items(), ids=WRONG)
async def test_whatever_a_registry_does_wrong_has_a_code_and_a_next_step(code, way):
    async with tax_registry() as (url, sandbox):
        registry = HttpTaxRegistry(url, timeout=SHORT if way == "slow" else TIMEOUT)
        with pytest.raises(Fault) as caught:
            await registry.look_up(code)

    assert (caught.value.code, caught.value.kind) == (WRONG[way], Kind.UNAVAILABLE)
    assert caught.value.hint.startswith("ask again in ")
    assert code not in str(caught.value)
    assert set(sandbox.asked) == {code}, "a redirect is not followed"


async def test_a_closed_door_is_unreachable():
    async with tax_registry() as (url, _):
        pass
    with pytest.raises(Fault) as caught:
        await HttpTaxRegistry(url, timeout=TIMEOUT).look_up(KNOWN)

    assert caught.value.code == "TAX_REGISTRY_UNREACHABLE"


async def test_silence_is_asked_once_more_and_then_left():
    visits = 0

    async def hang_up(_reader, writer):
        nonlocal visits
        visits += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(Fault) as caught:
            await HttpTaxRegistry(f"http://127.0.0.1:{port}", timeout=TIMEOUT).look_up(KNOWN)

    assert (caught.value.code, visits) == ("TAX_REGISTRY_UNREACHABLE", 2)


async def test_after_three_failures_nobody_is_asked_until_the_pause_is_over():
    now = 1_000.0
    async with tax_registry() as (url, sandbox):
        registry = HttpTaxRegistry(url, timeout=TIMEOUT, circuit=Circuit(lambda: now))
        failing = next(code for code, way in sandbox.misbehaviours.items() if way == "error")
        codes = []
        for _ in range(4):
            with pytest.raises(Fault) as caught:
                await registry.look_up(failing)
            codes.append(caught.value.code)
        asked = len(sandbox.asked)
        now += OPEN_SECONDS - 1
        with pytest.raises(Fault) as paused:
            await registry.look_up(KNOWN)
        now += 1
        answer = await registry.look_up(KNOWN)

    assert codes == ["TAX_REGISTRY_FAILED"] * 3 + ["TAX_REGISTRY_PAUSED"]
    assert asked == 3
    assert paused.value.facts == {"retry_after_seconds": 1}
    assert answer.taxpayer is not None


async def test_a_registry_that_asks_for_time_gets_it():
    now = 1_000.0
    async with tax_registry() as (url, sandbox):
        registry = HttpTaxRegistry(url, timeout=TIMEOUT, circuit=Circuit(lambda: now))
        busy = next(code for code, way in sandbox.misbehaviours.items() if way == "busy")
        with pytest.raises(Fault) as first:
            await registry.look_up(busy)
        with pytest.raises(Fault) as second:
            await registry.look_up(KNOWN)

    assert first.value.facts == {"retry_after_seconds": 120}
    assert second.value.code == "TAX_REGISTRY_PAUSED"
    assert sandbox.asked == [busy]


async def test_nobody_asks_with_a_transaction_open(world):
    registry = HttpTaxRegistry("https://registry.example")

    async with reading(world.agent_side, world.ours.id, HandClock(NOW)):
        with pytest.raises(AssertionError, match="transaction"):
            await registry.look_up(KNOWN)
