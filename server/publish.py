"""Published files: one contract per tool, docs/tools.md, the tables of README and operating.md.

`make publish` writes them; a test fails when they differ from the code. Publishing is how the
tool contract changes: on purpose, as a reviewable difference.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.store.audit_kinds import Chained, Derived, Unchained, audit_kind
from domain.store.descriptor import all_tables
from policies.gate import fitting, floor, shipped
from policies.gate.answers import PendingAnswer
from policies.gate.catalogue import DEFAULT, Catalogue, ToolPolicy
from policies.gate.contract import Answer, Tool
from server import wiring

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "tools" / "contracts"
MANUAL = ROOT / "docs" / "tools.md"
README = ROOT / "README.md"
OPERATING = ROOT / "docs" / "operating.md"
DIGESTS = ROOT / "policies" / "catalogue" / shipped.DIGESTS
# What stands between these lines of a page is made; the rest of it is written.
_BEGIN, _END = "<!-- made by `make publish`: begin -->\n", "<!-- made by `make publish`: end -->\n"
_NOISE = frozenset({"title"})
_MADE_WITH = frozenset({"default", "additionalProperties"})
_BY_NAME = frozenset({"$defs", "properties"})  # what holds schemas by names of ours
_DECLARED = re.compile(r"^(?:TOOL = |async def TOOL\()", re.MULTILINE)


def contract_of(tool: Tool, row: ToolPolicy) -> dict[str, Any]:
    """The wire form of a tool: schemas without noise, annotations from the policy row."""
    return {
        "name": row.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": _lean(tool.arguments.model_json_schema()),
        "outputSchema": _answered(_lean(tool.answer.model_json_schema(mode="serialization"))),
        "annotations": {"title": tool.title, **row.annotations()},
        "_meta": {"vn.cyberos/id": row.id},
    }


def contracts() -> dict[str, dict[str, Any]]:
    """Every contract by wire name."""
    registry, catalogue = wiring.registry(), floor.load_checked()
    made = {}
    for row in catalogue.tool:
        tool = registry.get(row.id)
        if tool is not None:  # `complaints` names the file that is missing
            made[row.name] = contract_of(tool, row)
    return made


def complaints() -> list[str]:
    """What does not belong together; each sentence names the tool and the file to write."""
    registry, catalogue = wiring.registry(), floor.load_checked()
    found = []
    for row in catalogue.tool:
        tool, file = registry.get(row.id), fitting.file_of(row)
        if tool is None and not (ROOT / file).is_file():
            found.append(f"{row.name}: policy row exists but {file} is missing")
        elif tool is None:
            found.append(f"{row.name}: {file} has no TOOL with the id {row.id}")
        else:
            found += [f"{row.name}: {file}: {words}" for words in _unsaid(tool, row)]
    rows = {fitting.file_of(row) for row in catalogue.tool}
    for path in sorted(ROOT.glob("tools/*/*.py")):
        file = path.relative_to(ROOT).as_posix()
        if file not in rows and _DECLARED.search(path.read_text(encoding="utf-8")):
            home = f"policies/catalogue/{path.parent.name}.toml"
            found.append(f"{file} declares a tool that has no row in {home}")
    return found


def _unsaid(tool: Tool, row: ToolPolicy) -> Iterator[str]:
    """What an answer owes beside its structure: a text, and what it was about if it changed it."""
    for step in (tool.run, tool.execute):
        answer = step.__annotations__.get("return", Answer) if step is not None else PendingAnswer
        if answer.text is Answer.text:
            yield f"{answer.__name__} needs text(), the lines a client without structure shows"
        if step is not None and not row.is_read and answer.about is Answer.about:
            yield f"{answer.__name__} needs about(), the row that the audit chain names"


def as_text(contract: dict[str, Any]) -> str:
    """A contract as it is committed: readable, one change a line."""
    return json.dumps(contract, ensure_ascii=False, indent=1) + "\n"


def manual() -> str:
    """docs/tools.md: a table of all tools with what they may do."""
    catalogue = floor.load_checked()
    made = contracts()
    lines = [
        "# Tools",
        "",
        "Made by `make publish` from the code and `policies/catalogue`; do not edit.",
        "",
        "| tool | does | scope | effect | people |",
        "|---|---|---|---|---|",
    ]
    for row in sorted(catalogue.tool, key=lambda row: row.name):
        first = made[row.name]["description"].splitlines()[0]
        lines.append(
            f"| `{row.name}` | {first} | `{row.scope}` | {row.effect} | {_people(row) or 'none'} |"
        )
    return "\n".join([*lines, "", *_arguments(made, catalogue)])


def readme() -> str:
    """README.md with fresh tables of the tools between its marks."""
    return _between(README, _tables())


def operating() -> str:
    """docs/operating.md with a fresh table of what the chain does not prove."""
    return _between(OPERATING, _unproved())


def _between(page: Path, made: str) -> str:
    """The page, with this between its marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin and end, f"{page.name} needs the lines {_BEGIN!r} and {_END!r}"
    return before + begin + made + end + after


def _unproved() -> str:
    """Every table and column that is not chained, with what it says of itself."""
    lines = []
    for name, table in sorted(all_tables().items()):
        match audit_kind(table):
            case Derived(proof):
                lines.append(f"| `{name}` | otherwise | {proof} |")
            case Unchained(why):
                lines.append(f"| `{name}` | no | {why} |")
            case Chained(besides=besides) as chained:
                if chained.free and not chained.written_once:
                    lines.append(f"| `{name}` | to its entry | {chained.free} |")
                lines += [f"| `{name}.{one}` | no | {why} |" for one, why in besides.items()]
    return "".join(f"{line}\n" for line in ["| rows | judged | why |", "|---|---|---|", *lines])


def _tables() -> str:
    """What is listed by default with what it does, and the names in every other set of tools."""
    made, rows = contracts(), sorted(floor.load_checked().tool, key=lambda row: row.name)
    lines = ["| tool | what it does | people |", "|---|---|---|"]
    lines += [
        f"| `{row.name}` | {_sentence(made[row.name])} | {_people(row)} |"
        for row in rows
        if row.toolset == DEFAULT
    ]
    lines += ["", "Listed only when asked for with `--toolsets`:", ""]
    lines += ["| toolset | tools |", "|---|---|"]
    for toolset in sorted({row.toolset for row in rows} - {DEFAULT}):
        names = [f"`{row.name}`" for row in rows if row.toolset == toolset]
        lines.append(f"| `{toolset}` | {', '.join(names)} |")
    return "\n".join([*lines, ""])


def stale() -> list[str]:
    """The published files that say something else than the code, each in a sentence."""
    wanted = {CONTRACTS / f"{name}.json": as_text(made) for name, made in contracts().items()}
    wanted |= {MANUAL: manual(), README: readme(), OPERATING: operating()}
    there = {*CONTRACTS.glob("*.json"), MANUAL, README, OPERATING}
    return [
        f"{file.relative_to(ROOT).as_posix()} is not what the code says: run `make publish`"
        for file in sorted(there | wanted.keys())
        if not file.is_file() or file.read_text(encoding="utf-8") != wanted.get(file)
    ]


def main() -> int:
    """Rewrite everything that is published."""
    if wrong := complaints():
        sys.stderr.write("\n".join([*wrong, ""]))
        return 1
    CONTRACTS.mkdir(exist_ok=True)
    made = contracts()
    for stale in CONTRACTS.glob("*.json"):
        if stale.stem not in made:
            stale.unlink()
    for name, contract in made.items():
        (CONTRACTS / f"{name}.json").write_text(as_text(contract), encoding="utf-8")
    MANUAL.write_text(manual(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
    OPERATING.write_text(operating(), encoding="utf-8")
    DIGESTS.write_text(digests(), encoding="utf-8")
    sys.stdout.write(f"{len(made)} contracts, docs and README.md written\n")
    return 0


def digests() -> str:
    """The digests of shipped policies: what older releases had, and the one of this version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    lines = DIGESTS.read_text("utf-8").splitlines() if DIGESTS.exists() else []
    older = [line for line in lines if line.split()[1:] != [version]]
    return "\n".join([*older, f"{floor.load_checked().sha256} {version}", ""])


def _sentence(contract: dict[str, Any]) -> str:
    first: str = contract["description"].splitlines()[0]
    return first


def _people(row: ToolPolicy) -> str:
    slots = [" or ".join(slot.roles) for slot in row.slots]
    more = [
        f"+ {' or '.join(slot.roles)} if "
        + " or ".join(f"{rule.field} {rule.op} {rule.value:,}" for rule in step.when)
        for step in row.escalate
        for slot in step.slots
    ]
    asked = [f"if {rule.field} {rule.op} {rule.value:,}" for rule in row.ask]
    return " ".join([", ".join([*slots, *more]), *asked]).strip()


def _arguments(made: dict[str, dict[str, Any]], catalogue: Catalogue) -> list[str]:
    lines: list[str] = []
    for name in sorted(made):
        schema = made[name]["inputSchema"]
        lines += [f"## {name}", "", made[name]["description"], ""]
        required = set(schema.get("required", []))
        for argument, shape in schema.get("properties", {}).items():
            mark = "required" if argument in required else "optional"
            lines.append(f"- `{argument}` ({mark}): {shape.get('description', '')}".rstrip(": "))
        lines.append("")
    return lines


def _without_words(parts: dict[str, Any]) -> dict[str, Any]:
    """The description of a class is for whoever reads the code; the tool's own words are enough."""
    return {
        name: {key: value for key, value in part.items() if key != "description"}
        for name, part in parts.items()
    }


def _lean(schema: Any) -> Any:
    """Drop the titles pydantic invents: they cost an agent's attention and say nothing."""
    if isinstance(schema, dict):
        kept = {
            key: value
            for key, value in schema.items()
            if not (key in _NOISE and isinstance(value, str))
        }
        return {
            key: _lean(_without_words(value) if key == "$defs" else value)
            for key, value in kept.items()
            if key != "discriminator"
        }
    if isinstance(schema, list):
        return [_lean(item) for item in schema]
    return schema


def _answered(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an answer without what only says how one is made: defaults and null.

    What is not there is left out of an answer, and a field more must not break whoever checks it.
    """
    return {key: value for key, value in _plain(schema).items() if key != "description"}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: _plain(shape) for name, shape in value.items()}
        if key in _BY_NAME
        else _plain(value)
        for key, value in schema.items()
        if key not in _MADE_WITH
    }
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return kept


if __name__ == "__main__":
    raise SystemExit(main())
