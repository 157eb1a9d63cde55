"""A copy of the tree, and a module put into it: what is then different from the tree?

The module's files lie in `module/` as data, each under its path and `.txt`, so that nobody takes
them for files of ours.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from domain.store.migrations.runner import revisions
from tests.house.reading import ROOT, belongs

MODULE = Path(__file__).with_name("module")
_COMPILED = "__pycache__"  # what was compiled for the tree is right for its copy
_SUFFIX = ".txt"
TOYS = "9000"  # the first revision of a toy, far behind ours
_NEWEST = "NEWEST"  # stands in the toy's revision for the one before it


def module() -> dict[str, str]:
    """The files of the toy module by their paths; its revision leads on from our newest."""
    newest = max(one for one in revisions() if one < TOYS)  # the tree may be a copy with the toy
    return {
        file.relative_to(MODULE).as_posix().removesuffix(_SUFFIX): file.read_text("utf-8").replace(
            _NEWEST, newest
        )
        for file in sorted(MODULE.rglob(f"*{_SUFFIX}"))
    }


def copied(target: Path) -> Path:
    """A copy of the tree."""
    for file in _files(ROOT, compiled=True):
        there = target / file.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, there)
    return target


def put(tree: Path, files: Mapping[str, str]) -> None:
    """Write files into a tree; none of them may be there."""
    for path, text in files.items():
        file = tree / path
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def different(tree: Path) -> set[str]:
    """The paths of files that are not in both trees, or not the same."""
    here = {file.relative_to(ROOT).as_posix() for file in _files(ROOT)}
    there = {file.relative_to(tree).as_posix() for file in _files(tree)}
    changed = (
        path for path in here & there if (ROOT / path).read_bytes() != (tree / path).read_bytes()
    )
    return here ^ there | set(changed)


def _files(tree: Path, *, compiled: bool = False) -> Iterator[Path]:
    for folder, folders, names in os.walk(tree):
        folders[:] = [
            name
            for name in folders
            if belongs(Path(folder, name)) or (compiled and name == _COMPILED)
        ]
        yield from (Path(folder, name) for name in names if not Path(folder, name).is_symlink())
