"""A canary over the catalogue: does anything of a private deal reach an agent who may not see it?

Every tool is called with every argument that could reach the deal, before there is one and after.
Values come from the schemas: whatever fits an argument is given to it, so a new tool is asked
without another line. The answers must be the same, and hold no word and no id of the deal; an id of
it must be answered as an id that never existed.
"""

import base64
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp import Client
from mcp.shared.exceptions import MCPError

from domain.kernel.ids import is_id, new_id
from policies.gate.catalogue import ToolPolicy
from server.publish import contract_of
from tests.planting import AMOUNT, WORDS, Ground, Planted
from tests.tools.samples import Arguments
from tests.world import SCOPES, World, fault

# They act for people who are not among its viewers.
OUTSIDERS = tuple(name for name in ("am_agent", "cfo_agent", "later_outsider") if name in SCOPES)
SECRET = "<an id of the deal>"  # stands for each of its ids, and for an invented one before it
# Texts for arguments that want a form of their own; whatever fits an argument is tried there.
FORMS = (
    "30d", "2026-12", "2026-12-15", "2026-11-20T02:00:00Z", "VND", "970436", "0071000123456",
    "0100109106", "mail", "note", "x@y.vn", "0912345678",
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F",
)  # fmt: skip
TYPED = (WORDS[0], WORDS[0][:4], WORDS[1])  # a name, the beginning of it, a subject
_DIGITS = re.compile(r"[0-9][0-9.,\s\u00a0\u202f]*")


@dataclass(frozen=True, slots=True)
class Probe:
    """One call: a tool with arguments, of which one may stand for an id of the deal."""

    tool: str
    arguments: Arguments

    @property
    def is_about_the_deal(self) -> bool:
        return SECRET in json.dumps(self.arguments)

    def with_id(self, id: str) -> Arguments:
        """The arguments with this id in its place."""
        given: Arguments = json.loads(json.dumps(self.arguments).replace(SECRET, id))
        return given

    def __str__(self) -> str:
        return f"{self.tool}({json.dumps(self.arguments, ensure_ascii=False)})"


@dataclass
class Canary:
    """What an outsider is asked to find, and what reached them."""

    world: World
    ground: Ground
    samples: Mapping[str, Arguments]
    leaks: list[str] = field(default_factory=list)
    before: dict[str, str] = field(default_factory=dict)

    def probes(self, *, reading: bool) -> list[Probe]:
        """Every call of every tool that reads, or that writes."""
        rows = [row for row in self.world.catalogue.tool if row.is_read is reading]
        return [probe for row in rows for probe in self._of(row)]

    def _of(self, row: ToolPolicy) -> Iterator[Probe]:
        tool = self.world.registry.get(row.id)
        assert tool is not None
        schema = contract_of(tool, row)["inputSchema"]
        shapes: Mapping[str, Any] = schema.get("properties", {})
        fits = {name: list(fitting(shape, self.ground)) for name, shape in shapes.items()}
        needed = dict(self.samples.get(row.name, {}))
        for name in schema.get("required", ()):
            if name in needed:
                continue
            assert fits[name], (
                f"nothing fits the argument {name} of {row.name}: add a text of its form to FORMS"
                " in tests/canary.py"
            )
            needed[name] = fits[name][0]
        required = {name: needed[name] for name in schema.get("required", ())}
        if "dry_run" in shapes and not row.is_read:
            required["dry_run"] = needed["dry_run"] = True
        seen = set()
        for name, values in fits.items():  # each argument alone, and what reaches with the others
            for value in values:
                for base in _bases(row, required, needed, value):
                    probe = Probe(row.name, {**base, name: value})
                    if str(probe) not in seen and (row.is_read or probe.is_about_the_deal):
                        seen.add(str(probe))
                        yield probe
        if row.is_read and not shapes:
            yield Probe(row.name, {})

    async def look_before(self) -> None:
        """Ask everything while there is no such deal."""
        for agent, probes in self._by_agent(reading=True):
            async with self.world.client(agent, read_only=True) as client:
                for probe in probes:
                    invented = new_id()
                    answer = await _answer(client, probe.tool, probe.with_id(invented))
                    self.before[str(probe)] = answer.replace(invented, SECRET)
        async with self.world.client(OUTSIDERS[0], read_only=True) as client:
            async for name, answer in _elsewhere(client, self.ground, [new_id()]):
                self.before[name] = answer

    async def look_after(self, planted: Planted) -> None:
        """Ask everything again, with ids of the deal in the place of the invented one."""
        ids = dict.fromkeys(planted.asked.values())
        for agent, probes in self._by_agent(reading=True):
            async with self.world.client(agent, read_only=True) as client:
                for probe in probes:
                    for id in ids if probe.is_about_the_deal else ("",):
                        answer = await _answer(client, probe.tool, probe.with_id(id))
                        before = self.before[str(probe)]
                        if id and not is_id(id):  # a key of another form, beside its like
                            other = await _answer(client, probe.tool, probe.with_id(id[::-1]))
                            before = other.replace(id[::-1], SECRET)
                        if id and answer.replace(id, SECRET) != before:
                            before = await _of_its_like(client, probe, id, answer) or before
                        self._compare(str(probe), answer, before, id, planted)
        for tool, cursors in planted.cursors.items():
            async with self.world.client(OUTSIDERS[0], read_only=True) as client:
                for cursor in cursors:
                    given = {"account_id": self.ground.known["account"], "limit": 1}
                    answer = await _answer(client, tool, {**given, "cursor": cursor})
                    self._search(f"{tool} from an insider's cursor", answer, planted)
        async with self.world.client(OUTSIDERS[0], read_only=True) as client:
            async for name, answer in _elsewhere(client, self.ground, [*filter(is_id, ids)]):
                self._compare(name, answer, self.before[name], "", planted)

    async def change(self, planted: Planted) -> None:
        """Try to write about the deal: it must be refused as for an id that never existed."""
        for agent, probes in self._by_agent(reading=False):
            async with self.world.client(agent) as client:
                for probe in probes:
                    unknown = new_id()
                    invented = await _tried(client, probe, unknown)
                    for id in dict.fromkeys(filter(is_id, planted.asked.values())):
                        answer = await _tried(client, probe, id)
                        self._search(str(probe), answer.replace(id, ""), planted)
                        refused = (invented.startswith("!"), answer.startswith("!"))
                        same = invented.replace(unknown, "") == answer.replace(id, "")
                        if refused != (False, False) and not same:
                            self._leaks(str(probe), f"knows the id: {answer}, not {invented}")

    def _by_agent(self, *, reading: bool) -> Iterator[tuple[str, list[Probe]]]:
        for name, probes in itertools.groupby(self.probes(reading=reading), lambda one: one.tool):
            scope = self.world.catalogue.by_name[name].scope
            agents = [agent for agent in OUTSIDERS if scope in SCOPES[agent][1]]
            assert agents, f"no outsider may call {name}: give one the scope {scope} (tests/world)"
            yield agents[0], list(probes)

    def _compare(self, name: str, answer: str, before: str, id: str, planted: Planted) -> None:
        """The same as before there was a deal, and nothing of it."""
        told = answer.replace(id, SECRET) if id else answer
        if told != before:
            self._leaks(name, f"tells of it: {told[:300]}, before: {before[:300]}")
        self._search(name, told, planted)

    def _search(self, name: str, answer: str, planted: Planted) -> None:
        plain = " ".join([answer, *_decoded(answer)])
        typed = [word for word in WORDS if word in name]  # what was asked may be repeated
        found = [word for word in WORDS if word in plain and word not in typed]
        found += [id for id in planted.ids if id in plain]
        numbers = {re.sub(r"[^0-9]", "", one) for one in _DIGITS.findall(plain)}
        if str(AMOUNT) not in name:
            found += [str(AMOUNT)] if str(AMOUNT) in numbers else []
        if found:
            self._leaks(name, f"shows {sorted(found)}")

    def _leaks(self, name: str, why: str) -> None:
        self.leaks.append(f"{name} {why}")


def _bases(row: ToolPolicy, alone: Arguments, others: Arguments, value: Any) -> list[Arguments]:
    """The arguments beside one that is tried."""
    if not row.is_read:
        return [others]
    reaches = any(word in json.dumps(value, ensure_ascii=False) for word in (SECRET, *TYPED))
    return [alone, others] if reaches else [alone]


def fitting(shape: Mapping[str, Any], ground: Ground) -> Iterator[Any]:
    """Everything we know that an argument of this shape takes."""
    if "anyOf" in shape:
        for one in shape["anyOf"]:
            yield from fitting(one, ground)
    elif "enum" in shape or "const" in shape:
        yield from shape.get("enum") or [shape["const"]]
    elif shape.get("type") == "boolean":
        yield from (True, False)
    elif shape.get("type") == "integer":
        yield from _numbers(shape)
    elif shape.get("type") == "array":
        items = list(fitting(shape.get("items", {}), ground))
        yield from ([one] for one in items)
    elif shape.get("type") == "object":
        yield {}
    elif shape.get("type") == "string":
        yield from (word for word in _texts(shape, ground) if _takes(shape, word))


def _numbers(shape: Mapping[str, Any]) -> Sequence[int]:
    least = shape.get("minimum", shape.get("exclusiveMinimum", -1) + 1)
    most = shape.get("maximum", AMOUNT)
    return sorted({least, most, min(most, max(least, AMOUNT))})


def _texts(shape: Mapping[str, Any], ground: Ground) -> Iterator[str]:
    yield from (SECRET, *ground.words, *TYPED)
    if "pattern" in shape or "format" in shape:
        yield from FORMS


def _takes(shape: Mapping[str, Any], word: str) -> bool:
    value = new_id() if word == SECRET else word
    return (
        re.search(shape.get("pattern", ""), value) is not None
        and shape.get("minLength", 0) <= len(value) <= shape.get("maxLength", len(value))
        and shape.get("format") in {None, *_forms(value)}
    )


def _forms(value: str) -> Iterator[str]:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield "date"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", value):
        yield "date-time"


async def _answer(client: Client, tool: str, arguments: Arguments) -> str:
    """Everything a client is given for a call; a refusal begins with a mark of its own."""
    result = await client.call_tool(tool, arguments)
    told: Any = fault(result) if result.is_error else result.structured_content
    words = [part.model_dump(mode="json") for part in result.content]
    return ("!" if result.is_error else "") + json.dumps([told, words], ensure_ascii=False)


async def _of_its_like(client: Client, probe: Probe, id: str, answer: str) -> str | None:
    """The same answer, if an id that differs by one sign and is nobody's is given it too.

    What reads the letters themselves, a payload or a name, may find other ones in another.
    """
    told = answer.replace(id, SECRET)
    for place in range(len(id) - 1, 0, -1):
        sign = "0" if id[place] != "0" else "1"
        like = id[:place] + sign + id[place + 1 :]
        other = await _answer(client, probe.tool, probe.with_id(like))
        if other.replace(like, SECRET) == told:
            return told
    return None


async def _tried(client: Client, probe: Probe, id: str) -> str:
    """The answer to a change; what then waits is taken back, because only few may wait at once."""
    answer = await _answer(client, probe.tool, probe.with_id(id))
    told = json.loads(answer.removeprefix("!"))[0]
    if told.get("status") == "pending_approval":
        await client.call_tool("approvals_cancel", {"action_id": told["action_id"]})
    return answer


async def _elsewhere(
    client: Client, ground: Ground, ids: Sequence[str]
) -> AsyncIterator[tuple[str, str]]:
    """Resources, prompts and completions; ids of the deal are asked for under one name."""
    for name, ask in {
        "resources": client.list_resources,
        "templates": client.list_resource_templates,
        "prompts": client.list_prompts,
    }.items():
        yield name, (await ask()).model_dump_json()
    templates = (await client.list_resource_templates()).resource_templates
    prompts = (await client.list_prompts()).prompts
    for plain in (await client.list_resources()).resources:
        yield f"resource {plain.uri}", await _read(client, str(plain.uri), "")
    for template in templates:
        variables = re.findall(r"\{([a-z_]+)\}", template.uri_template)
        for value, id in _values(ground, ids):
            uri = re.sub(r"\{[a-z_]+\}", value, template.uri_template)
            shown = uri.replace(id, SECRET) if id else uri
            yield f"resource {shown}", await _read(client, uri, id)
        ref = types.ResourceTemplateReference(uri=template.uri_template)
        for variable in variables:
            async for one in _completed(client, ref, variable, ids):
                yield one
    for prompt in prompts:
        reference = types.PromptReference(name=prompt.name)
        for argument in prompt.arguments or ():
            async for one in _completed(client, reference, argument.name, ids):
                yield one
            for value, id in _values(ground, ids):
                given = {
                    one.name: value
                    for one in prompt.arguments or ()
                    if one.required or one.name == argument.name
                }
                name = f"prompt {prompt.name} {argument.name}={SECRET if id else value}"
                yield name, await _prompted(client, prompt.name, given, id)


def _values(ground: Ground, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Values for an address or a prompt, and which of them are ids of the deal."""
    yield from ((id, id) for id in ids)
    yield from ((word, "") for word in ground.words if re.fullmatch(r"[\w\-]{1,64}", word))


async def _read(client: Client, uri: str, id: str) -> str:
    try:
        told = (await client.read_resource(uri)).model_dump_json()
    except MCPError as error:
        told = f"!{error.error.model_dump_json()}"
    return told.replace(id, SECRET) if id else told


async def _prompted(client: Client, name: str, given: dict[str, str], id: str) -> str:
    try:
        told = (await client.get_prompt(name, given)).model_dump_json()
    except MCPError as error:
        told = f"!{error.error.model_dump_json()}"
    return told.replace(id, SECRET) if id else told


async def _completed(
    client: Client, ref: Any, name: str, ids: Sequence[str]
) -> AsyncIterator[tuple[str, str]]:
    where = f"completion of {name} in {getattr(ref, 'uri', None) or ref.name}"
    for typed in ("", *TYPED):
        found = await client.complete(ref, {"name": name, "value": typed})
        yield f"{where} {typed!r}", found.model_dump_json()
    for id in ids:
        found = await client.complete(ref, {"name": name, "value": id})
        yield f"{where} {SECRET}", found.model_dump_json()


def _decoded(answer: str) -> Iterator[str]:
    """What stands in the cursors of an answer, which are only written in another way."""
    for cursor in re.findall(r'"next_cursor": ?"([\w\-]+)"', answer):
        try:
            yield base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        except ValueError:
            yield cursor
