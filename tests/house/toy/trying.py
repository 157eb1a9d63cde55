"""Promises held against a module of a copied tree, as it is and with something left out each time.

    python -m tests.house.toy.trying          # in the copy; prints the complaints as JSON

One process loads the program and forks for each mutation: what finds modules, tools and tables does
it when it is asked, so a fork of a process that has asked nothing yet sees what is there now.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from tests.house.reading import PACKAGES, Source
from tests.house.toy import tree
from tests.house.toy.mutations import MUTATIONS, Mutation

HERE = Path.cwd()
PUBLISHED = "published"
WHOLE = "nothing is left out"
# What a test of ours is written in: none of it looks for modules.
_TESTED_WITH = ("anyio", "asyncpg", "hypothesis", "jsonschema", "mcp", "pytest", "pytest_asyncio")


def main() -> None:
    """Publish what the module brings, and ask the promises of it."""
    files = tree.module()
    _load(files)
    told = {PUBLISHED: _forked(_publish), WHOLE: _forked(lambda: _complaints(files))}
    contracts = {
        path.relative_to(HERE).as_posix(): path.read_text("utf-8")
        for path in HERE.glob("tools/contracts/ship_*.json")
    }
    for name, mutation in MUTATIONS.items():
        told[name] = _without(mutation, {**files, **contracts})
    sys.stdout.write(json.dumps(told))


def _load(files: Mapping[str, str]) -> None:
    """Everything that is not the module's, and finds nothing by being imported."""
    for package in _TESTED_WITH:
        import_module(package)
    for package in PACKAGES:
        for file in sorted((HERE / package).rglob("*.py")):
            path = file.relative_to(HERE)
            if path.as_posix() not in files and path.name != "env.py":
                import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    found = import_module("domain.store.descriptor").modules.cache_info().currsize
    assert not found, "modules were looked for by an import: a fork would not look again"
    gc.collect()
    gc.freeze()


def _without(mutation: Mutation, files: Mapping[str, str]) -> list[str]:
    """The complaints about the module without something; its file is put back."""
    file, text = HERE / mutation.file, mutation.applied(files)
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")
    try:
        return _forked(lambda: _complaints(files, mutation))
    finally:
        file.write_text(files[mutation.file], encoding="utf-8")


def _complaints(files: Mapping[str, str], mutation: Mutation | None = None) -> list[str]:
    """What the promises say of the module, until one tells of what was left out."""
    try:
        promises = import_module("tests.house.promises")
        sources = [
            Source(path, (HERE / path).read_text("utf-8"))
            for path in files
            if path.endswith(".py") and (HERE / path).is_file()
        ]
        found: list[str] = []
        for complaint in promises.complaints(sources):
            found.append(complaint)
            if mutation is not None and mutation.told_by(complaint):
                break
    except Exception as error:
        return [f"the promises could not be asked: {type(error).__name__}: {error}"]
    return found


def _publish() -> list[str]:
    publish = import_module("server.publish")
    wrong: list[str] = publish.complaints()
    if not wrong:
        sys.stdout = sys.stderr
        publish.main()
    return wrong


def _forked(work: Callable[[], list[str]]) -> list[str]:
    """What the work gives back in a process of its own."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        with os.fdopen(writes, "w") as out:
            out.write(json.dumps(work()))
            out.flush()
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    answered: list[str] = json.loads(text) if text else ["the process died"]
    return answered


if __name__ == "__main__":
    main()
