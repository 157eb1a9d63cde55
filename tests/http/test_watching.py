"""Observability: can the server be watched, by those who
may, without anybody's data in what is seen?
"""

import json
import logging

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from domain.identity import tokens
from domain.kernel.ids import is_id
from server.http.logs import QUIET_SECONDS, JsonLines, Seldom
from server.version import VERSION
from tests.http.serving import MODERN, Answer, Site, message, site
from tests.world import World

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
CANARY = "Chim Hoàng Yến"
PHONE = "0912345678"
PLACES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What an operator's collector would get."""
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


async def look(there: Site, path: str, **headers: str | None) -> Answer:
    """A request of monitoring: no token, no body."""
    bare = {"authorization": None, "content_type": None, "content_length": None}
    return await there.ask(b"", method="GET", path=path, **{**bare, **headers})


async def everything_that_can_go_wrong(there: Site, world: World) -> list[str]:
    """Calls with a customer's data and a token in every place of a request; what must not show."""
    token = world.ours.tokens["cro_agent"]
    await there.call("crm_create_account", name=CANARY, account_type="llc")
    await there.call("crm_search_accounts", query=f"{CANARY} {PHONE}")
    await there.call("crm_get_account", id=CANARY, **{CANARY: token})
    await there.call(CANARY)
    await there.ask(message(CANARY, id=CANARY, name=PHONE))
    await there.ask(message("prompts/get", name=CANARY))
    await there.ask(message("tools/call", name=[CANARY], arguments=PHONE))
    await there.ask(b'{"' + PHONE.encode(), token=f"{token}x")
    await there.ask(b"[]", host=PHONE, origin=PHONE)
    await there.ask(message("tools/list"), path=f"/{PHONE}?{token}")
    for version in (MODERN, PHONE):
        await there.ask(
            message("tools/call", name=CANARY, arguments={"x": PHONE}),
            mcp_protocol_version=version, mcp_method=PHONE, mcp_name=PHONE,
            traceparent=f"00-{PHONE}", tracestate=f"x={PHONE}", user_agent=PHONE,
        )  # fmt: skip
    return [CANARY, json.dumps(CANARY)[1:-1], PHONE, token, world.ours.id, "cro_agent", "cyb_"]


async def test_N01_metrics_count_by_tool_and_outcome_and_name_nobody(world):
    async with site(world) as there:
        secrets = await everything_that_can_go_wrong(there, world)
        text = (await look(there, "/metrics")).body.decode()

    assert not [one for one in secrets if one in text]
    for line in (
        f'build_info{{version="{VERSION}"}} 1.0',
        'calls_total{method="tools/call",outcome="ok",tool="crm_create_account"} 1.0',
        'calls_total{method="tools/call",outcome="INVALID_ARGS",tool="crm_get_account"} 1.0',
        'calls_total{method="tools/call",outcome="INVALID_PARAMS",tool="unknown"} 2.0',
        'calls_total{method="other",outcome="METHOD_NOT_FOUND",tool=""} 1.0',
        'refused_total{reason="TOKEN_INVALID"} 1.0',
        'refused_total{reason="HOST_UNKNOWN"} 1.0',
        "requests_in_flight 1.0",
        'call_seconds_count{method="tools/call",tool="crm_create_account"} 1.0',
    ):
        assert f"cyberos_{line}\n" in text, text


@EMBEDDED
async def test_N01_spans_hold_the_tool_and_the_outcome_and_nothing_that_was_sent(world, exporter):
    exporter.clear()
    parent = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with site(world) as there:
        secrets = await everything_that_can_go_wrong(there, world)
        await there.ask(
            message("tools/call", name="whoami", arguments={}),
            traceparent=f"00-{parent}-00f067aa0ba902b7-01",
        )

    spans = exporter.get_finished_spans()
    told = "\n".join(span.to_json() for span in spans)
    named = {span.name: dict(span.attributes or {}) for span in spans}
    assert not [one for one in secrets if one in told]
    assert named["tools/call crm_get_account"] == {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "crm_get_account",
        "cyberos.outcome": "INVALID_ARGS",
    }
    assert {"tools/call unknown", "other", "prompts/get"} <= named.keys()
    assert [span.status.is_ok for span in spans if span.name.endswith("create_account")] == [True]
    assert f"{spans[-1].context.trace_id:032x}" == parent


@EMBEDDED
async def test_N02_a_request_is_one_line_that_says_who_what_and_how_it_ended(world, caplog):
    caplog.set_level(logging.INFO, "cyberos.requests")
    async with site(world) as there:
        secrets = await everything_that_can_go_wrong(there, world)
        answer = await there.call("crm_get_account", id="x")

    lines = [JsonLines().format(record) for record in caplog.records]
    last = json.loads(lines[-1])
    assert len([one for one in caplog.records if one.name == "cyberos.requests"]) == 13
    assert not [one for one in secrets if one in "\n".join(lines)]
    assert is_id(last["request"]) and answer.headers["x-request-id"] == last["request"]
    assert last["agent"] == tokens.parse(world.ours.tokens["cro_agent"]).agent_id
    assert (last["tool"], last["outcome"], last["status"]) == (
        "crm_get_account", "INVALID_ARGS", 200,
    )  # fmt: skip
    assert last["bytes"] == len(answer.body) and last["ms"] >= 0


def test_N03_a_line_about_a_crash_names_places_and_quotes_nothing():
    def crash() -> None:
        raise ValueError(f"no such customer: {CANARY}")

    records = []
    logger = logging.getLogger("a.library")
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    try:
        crash()
    except ValueError:
        logger.exception("could not read %s\n{}", CANARY)
    logger.removeHandler(handler)

    line = JsonLines().format(records[0])
    said = json.loads(line)
    assert CANARY not in line and "\n" not in line
    assert said["exception"] == "ValueError" and "crash (" in said["trace"][-1]
    assert said["at"].startswith("test_watching:")


def test_of_each_part_of_opentelemetry_one_record_a_minute_is_written():
    def record(name: str, at: float) -> logging.LogRecord:
        made = logging.LogRecord(name, logging.WARNING, "", 1, "", None, None)
        made.created = at
        return made

    rule, exporter, queue = Seldom(), "opentelemetry.exporter", "opentelemetry.sdk"

    assert [rule.filter(record(exporter, 1_000 + n)) for n in range(3)] == [True, False, False]
    assert rule.filter(record(queue, 1_001))
    assert rule.filter(record(exporter, 1_000 + QUIET_SECONDS))
    assert not rule.filter(record(exporter, 1_001 + QUIET_SECONDS))
    assert all(rule.filter(record("cyberos.http", 1_000)) for _ in range(3))
    assert all(rule.filter(record("opentelemetryx", 1_000)) for _ in range(3))


@EMBEDDED
@pytest.mark.parametrize("path", PLACES)
async def test_health_and_metrics_answer_this_machine_and_names_given_for_it(world, path):
    async with site(world, metrics_hosts=("watch.internal:9",), allow_hosts=("crm.vn",)) as there:
        here = await look(there, path)
        named = await look(there, path, host="Watch.internal:9", x_forwarded_for="203.0.113.9")
        public = await look(there, path, host="crm.vn")
        through_a_proxy = await look(there, path, x_forwarded_for="203.0.113.9")
        posted = await there.ask(b"", path=path)

    assert (here.status, named.status, posted.status) == (200, 200, 405)
    assert [(one.status, one.code) for one in (public, through_a_proxy)] == [
        (404, "PATH_UNKNOWN")
    ] * 2


@EMBEDDED
async def test_metrics_are_not_for_another_machine_that_claims_to_be_this_one(world):
    async with site(world, proxies=("127.0.0.1",)) as there:
        far = await look(there, "/metrics", x_forwarded_for="203.0.113.9")

    assert far.status == 404


async def test_it_is_ready_while_the_database_answers_with_the_right_revision(world):
    async def not_yet() -> str:
        return "SCHEMA_OLD"

    async with site(world) as there:
        ready = await look(there, "/readyz")
        alive = await look(there, "/healthz")
    async with site(world, why_not_ready=not_yet) as there:
        waiting = await look(there, "/readyz")
        still_alive = await look(there, "/healthz")

    assert (ready.status, ready.json) == (200, {"ready": True})
    assert (alive.status, alive.json) == (still_alive.status, still_alive.json)
    assert alive.json == {"alive": True, "version": VERSION}
    assert (waiting.status, waiting.json) == (503, {"ready": False, "code": "SCHEMA_OLD"})
