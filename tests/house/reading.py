"""Sources for the house rules: a file is a path, a text, and a syntax tree.

A tree is parsed and walked once, whatever the number of rules: a rule asks for the nodes of the
kinds it is about.
"""

import ast
import gc
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

ROOT = Path(__file__).parents[2]
PACKAGES = ("server", "tools", "policies", "domain", "fixtures")
OUTSIDE = ("tests", "bench")

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file. A rule needs nothing else, so a planted offender is one line of a test."""

    path: str
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The path without its suffix: `domain/deals/rules.py` is domain, deals, rules."""
        return PurePosixPath(self.path).with_suffix("").parts

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text)

    def all(self, *kinds: type[Node]) -> Iterator[Node]:
        """The nodes of these kinds, kind after kind."""
        walked = _walked(self.text)
        for kind in kinds:
            yield from walked.get(kind, ())  # type: ignore[misc]

    @property
    def is_ours(self) -> bool:
        """Part of the program, rather than of what tests or measures it."""
        return self.parts[0] not in OUTSIDE

    def is_in(self, *places: str) -> bool:
        """`is_in("domain/store")` also holds for everything below."""
        return any(self.path.startswith(f"{place}/") or self.path == place for place in places)

    def at(self, node: ast.AST, complaint: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {complaint}"


Rule = Callable[[Source], Iterator[str]]


def keeps(rule: Rule) -> None:
    """The whole project keeps this rule, or the test fails with every place that does not."""
    complaints = broken(rule, project())
    assert not complaints, "\n" + "\n".join(complaints)


def broken(rule: Rule, sources: Iterable[Source]) -> list[str]:
    """Every place in these files that does not keep a rule."""
    return [complaint for source in sources for complaint in rule(source)]


def seen(rule: Rule, path: str, text: str) -> list[str]:
    """What a rule has to say about one invented file."""
    return list(rule(Source(path, text)))


@cache
def project() -> tuple[Source, ...]:
    """Every Python file of the project, already walked.

    The trees are a million objects that stay: looking among them for garbage again and again would
    take five times as long as reading them.
    """
    found = tuple(
        Source(path, text)
        for path, text in texts()
        if path == "cyberos.py"
        or (path.endswith(".py") and path.partition("/")[0] in (*PACKAGES, *OUTSIDE))
    )
    gc.disable()
    try:
        for source in found:
            _walked(source.text)
    finally:
        gc.freeze()
        gc.enable()
    return found


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Every text file of the project, with its path; no environments, caches or images."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if belongs(Path(folder, name))]
        for path in (Path(folder, name) for name in files):
            try:
                found.append((path.relative_to(ROOT).as_posix(), path.read_text("utf-8")))
            except (UnicodeDecodeError, FileNotFoundError):
                continue  # an image, or a file that went away while we looked
    return tuple(sorted(found))


NOT_OURS = frozenset({"__pycache__", "build", "dist", "node_modules"})


def belongs(folder: Path) -> bool:
    """Whether a folder holds files of the project, rather than what tools have made of them."""
    if folder.name in NOT_OURS or (folder / "pyvenv.cfg").exists():
        return False
    return folder.name == ".ci" or not folder.name.startswith(".")


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _walked(text: str) -> Mapping[type[ast.AST], list[ast.AST]]:
    found: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in ast.walk(_parse(text)):
        found[type(node)].append(node)
    return found


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every name that is imported, wherever in the file, in full: `domain.deals.tables.Deal`."""
    for node in source.all(ast.Import):
        for alias in node.names:
            yield node, alias.name
    for node in source.all(ast.ImportFrom):
        if node.level == 0:
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def full_names(source: Source) -> tuple[tuple[ast.expr, str], ...]:
    """Every name that is used, in full, whatever the import called it.

    After `import datetime as dt`, the expression `dt.date.today` is `datetime.date.today`.
    """
    return _full_names(source.text)


@cache
def _full_names(text: str) -> tuple[tuple[ast.expr, str], ...]:
    source = Source("", text)
    known = {}
    for plain in source.all(ast.Import):
        known |= {alias.asname: alias.name for alias in plain.names if alias.asname}
    for node in source.all(ast.ImportFrom):
        if node.level == 0:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    found = []
    for used in source.all(ast.Attribute, ast.Name):
        if name := dotted(used):
            first, dot, rest = name.partition(".")
            found.append((used, known.get(first, first) + dot + rest))
    return tuple(found)


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text, and nothing for what is not made of names alone."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = dotted(value)
            return f"{owner}.{attribute}" if owner else ""
    return ""
