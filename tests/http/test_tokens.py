"""Bearer tokens: does every request need a valid one, and does a refusal tell nothing?"""

from dataclasses import replace
from datetime import timedelta

import pytest
from mcp.shared.exceptions import MCPError

from domain.identity import service as identity
from domain.kernel.ids import new_id
from domain.store.chain import SYSTEM
from domain.store.engine import Role, connect, sqlite_url
from policies.gate.activation import activate
from server.http.limits import Limits
from tests.http.serving import PLENTY, Answer, Site, message, site
from tests.server.process import a_token
from tests.world import World

LIST = message("tools/list")
EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


async def wrong_tokens(world: World) -> dict[str, str]:
    """One of each kind, and none."""
    right = world.ours.tokens["cro_agent"]
    _, tenant, agent, secret = right.split("_", 3)
    _, their_tenant, their_agent, their_secret = world.theirs.tokens["cro_agent"].split("_", 3)
    return {
        "none": "",
        "garbage": "x",
        "other secret": f"cyb_{tenant}_{agent}_{'A' * len(secret)}",
        "agent of another tenant": f"cyb_{their_tenant}_{agent}_{secret}",
        "secret of another tenant": f"cyb_{tenant}_{agent}_{their_secret}",
        "tenant of another agent": f"cyb_{tenant}_{their_agent}_{their_secret}",
        "no such tenant": f"cyb_{new_id()}_{agent}_{secret}",
        "no such agent": f"cyb_{tenant}_{new_id()}_{secret}",
        "expired": await a_token(world, days=-300),
        "revoked": await a_token(world, revoked=True),
        "very long": right + "x" * 5_000,
        "not ASCII": f"{right}\xe9",
        "twice": f"{right}\r\nauthorization: Bearer {right}",
        "two in one": f"{right}, Bearer {right}",
    }


def seen(answer: Answer) -> tuple[int, str, bytes]:
    """Everything of a refusal that could tell something."""
    return answer.status, answer.headers.get("www-authenticate", ""), answer.body


async def test_L03_no_wrong_token_tells_what_is_wrong_with_it(world):
    """Not even to a program that compares bytes, whatever is asked."""
    wrong = await wrong_tokens(world)

    async with site(world, limits=_unlimited()) as there:
        answers = {
            (kind, body): seen(await there.ask(body, token=token))
            for kind, token in wrong.items()
            for body in (LIST, message("initialize"), message("tools/call", name="whoami"), b"x")
        }
        answers |= {
            ("basic", header): seen(await there.ask(LIST, authorization=header))
            for header in (None, "Basic Y3liOmN5Yg==", world.ours.tokens["cro_agent"], "Bearer")
        }

    assert len(set(answers.values())) == 1
    status, challenge, body = next(iter(answers.values()))
    assert (status, challenge) == (401, "Bearer")
    assert b"TOKEN_INVALID" in body


async def test_a_token_that_is_revoked_or_expires_opens_nothing_from_then_on(world):
    async with site(world) as there:
        async with there.client() as client:
            before = await client.call_tool("whoami", {})
            async with world.owning() as tx:
                await identity.revoke_agent(tx, "cro_agent")
            with pytest.raises(MCPError):
                await client.call_tool("whoami", {})
        revoked = await there.call("whoami")
        still = await there.call("whoami", token=world.ours.tokens["am_agent"])
        world.clock.move(timedelta(days=4_000))
        expired = await there.call("whoami", token=world.ours.tokens["am_agent"])

    assert before.is_error is False
    assert (revoked.status, still.status, expired.status) == (401, 200, 401)


@pytest.mark.parametrize("method", ["ping", "tools/list", "server/discover", "nonsense"])
async def test_what_does_not_pass_the_gate_is_asked_about_all_the_same(world, method):
    async with site(world) as there:
        before = await there.ask(message(method))
        async with world.owning() as tx:
            await identity.revoke_agent(tx, "cro_agent")
        after = await there.ask(message(method))

    assert before.status != 401 and (after.status, after.code) == (401, "TOKEN_INVALID")


@EMBEDDED
async def test_without_its_database_it_refuses_everybody_and_is_not_ready(world, tmp_path):
    gone = connect(sqlite_url(str(tmp_path / "none.db")), role=Role.AGENT)

    async with site(replace(world, agent_side=gone)) as there:
        refused = await there.call("whoami")
        ready = await there.ask(b"", method="GET", path="/readyz")
    await gone.close()

    assert refused.status == ready.status == 503
    assert refused.code == ready.json["code"] and int(refused.headers["retry-after"]) >= 1


@EMBEDDED
async def test_the_scheme_is_read_in_any_letter_case(world):
    token = world.ours.tokens["cro_agent"]

    async with site(world) as there:
        assert (await there.ask(LIST, authorization=f"bearer {token}")).status == 200
        assert (await there.ask(LIST, authorization=f"BEARER  {token}")).status == 200


@EMBEDDED
async def test_an_agent_that_hurries_is_told_to_wait_and_others_are_not(world):
    limits = _limits(calls_per_second=0.001, calls_at_once=3)

    async with site(world, limits=limits) as there:
        answers = [await there.call("whoami") for _ in range(5)]
        other = await there.call("whoami", token=world.ours.tokens["am_agent"])
        theirs = await there.call("whoami", token=world.theirs.tokens["cro_agent"])

    assert [one.status for one in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].code == "RATE_LIMITED"
    assert 990 <= int(answers[-1].headers["retry-after"]) <= 1_000
    assert other.status == theirs.status == 200


@EMBEDDED
async def test_an_address_that_guesses_waits_for_its_guesses_alone(world):
    """A right token nobody has seen here is no guess, whoever else shows wrong ones from there."""
    async with site(world, limits=_limits(bad_tokens_per_second=0.001)) as there:
        first = [await there.ask(LIST, token=f"wrong {number}") for number in range(10)]
        guess = await there.ask(LIST, token="wrong")
        right = await there.ask(LIST)

    assert {one.status for one in first} == {401}
    assert (guess.status, guess.code) == (429, "RATE_LIMITED")
    assert right.status == 200


@EMBEDDED
async def test_another_caller_behind_the_same_proxy_locks_nobody_out(world):
    """A token that was right lately is looked up all the same, and opens nothing once revoked."""
    async with site(world, limits=_limits(bad_tokens_per_second=0.001)) as there:
        await there.call("whoami")
        for number in range(11):
            await there.ask(LIST, token=f"wrong {number}")
        working = await there.call("whoami")
        async with world.owning() as tx:
            await identity.revoke_agent(tx, "cro_agent")
        revoked = [await there.call("whoami") for _ in range(2)]

    assert working.status == 200
    assert [one.status for one in revoked] == [429, 429]


@EMBEDDED
async def test_the_address_a_proxy_tells_counts_only_if_the_proxy_is_trusted(world):
    limits = _limits(bad_tokens_per_second=0.001)

    async def guesses(there: Site) -> list[int]:
        for number in range(11):
            await there.ask(LIST, token="wrong", x_forwarded_for=f"203.0.113.{number}")
        last = await there.ask(LIST, token="wrong", x_forwarded_for="203.0.113.99")
        return [last.status]

    async with site(world, limits=limits) as alone:
        believing_nobody = await guesses(alone)
    async with site(world, limits=limits, proxies=("127.0.0.1",)) as behind:
        believing = await guesses(behind)

    assert (believing_nobody, believing) == ([429], [401])


async def test_where_the_policy_was_not_activated_agents_only_read(world):
    """For that tenant alone, and until an operator activates it."""
    new = {"name": "A", "account_type": "llc"}
    table = world.catalogue
    world.catalogue = table.model_copy(update={"sha256": "0" * 64})
    try:
        async with site(world) as there:
            who = await there.call("whoami")
            refused = await there.call("crm_create_account", **new)
            async with world.owning() as tx:
                await activate(tx, world.catalogue, SYSTEM)
            made = await there.call("crm_create_account", **new)
            theirs = await there.call(
                "crm_create_account", token=world.theirs.tokens["cro_agent"], **new
            )
    finally:
        world.catalogue = table

    codes = [
        one.json["result"].get("_meta", {}).get("vn.cyberos/error", {}).get("code")
        for one in (who, refused, made, theirs)
    ]
    assert codes == [None, "POLICY_UNAVAILABLE", None, "POLICY_UNAVAILABLE"]


async def test_a_policy_activated_later_is_noticed_within_a_minute(world):
    """This process has the old table: it goes on reading for that tenant, and writes no more."""
    new, at = {"name": "A", "account_type": "llc"}, [0.0]
    newer = world.catalogue.model_copy(update={"sha256": "0" * 64})

    async with site(world, now=lambda: at[0]) as there:
        made = await there.call("crm_create_account", **new)
        async with world.owning() as tx:
            await activate(tx, newer, SYSTEM)
        at[0] = 60.0
        refused = await there.call("crm_create_account", **new)
        read = await there.call("whoami")
        theirs = await there.call(
            "crm_create_account", token=world.theirs.tokens["cro_agent"], **new
        )

    codes = [
        one.json["result"].get("_meta", {}).get("vn.cyberos/error", {}).get("code")
        for one in (made, refused, read, theirs)
    ]
    assert codes == [None, "POLICY_UNAVAILABLE", None, None]


def _limits(**changes: float) -> Limits:
    return replace(PLENTY, **changes)  # type: ignore[arg-type]


def _unlimited() -> Limits:
    return _limits(bad_tokens_at_once=1_000)
