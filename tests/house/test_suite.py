"""The suite itself: is what it leaves out seen by the next commits, and its order no accident?"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests import budget, order, selection

COMMITS = [f"{number:040x}" for number in range(40)]
FILE = Path("tests/deals/test_service.py")


@dataclass(frozen=True)
class Planted:
    """A test as pytest knows it, as far as the selection looks."""

    nodeid: str
    fixture: str = "world"
    kind: str = ""
    marks: frozenset[str] = frozenset()
    path: Path = FILE
    fixturenames: tuple[str, ...] = field(default=())

    @property
    def callspec(self) -> Any:
        return SimpleNamespace(params={self.fixture: self.kind} if self.kind else {})

    def get_closest_marker(self, name: str) -> bool:
        return name in self.marks


def pair(name, fixture="world", **more):
    return [
        Planted(f"tests/deals/test_service.py::{name}[{kind}]", fixture, kind, **more)
        for kind in selection.KINDS
    ]


def kept(items, commit):
    left_out = set(selection.on_the_other(items, commit))
    return [item.kind for item in items if item not in left_out]


def test_a_test_runs_on_one_database_and_after_some_commits_on_the_other():
    seen = [kept(pair("test_a"), commit) for commit in COMMITS]

    assert all(len(kinds) == 1 for kinds in seen)
    assert 10 < seen.count(["sqlite"]) < 30


def test_of_many_tests_each_database_runs_about_half():
    tests = [item for number in range(200) for item in pair(f"test_{number}")]
    kinds = kept(tests, COMMITS[0])

    assert len(kinds) == 200 and 70 < kinds.count("sqlite") < 130


def test_what_depends_on_the_database_or_has_only_one_is_never_left_out():
    marked = pair("test_a", marks=frozenset({"both"}))
    only = [one for one in pair("test_b") if one.kind == "postgresql"]
    without = [Planted("tests/deals/test_rules.py::test_c")]

    assert all(len(kept([*marked, *only, *without], commit)) == 4 for commit in COMMITS)


def test_the_tests_of_one_shared_world_stay_on_one_database():
    tests = [item for number in range(9) for item in pair(f"test_{number}", "shared")]

    assert all(len(set(kept(tests, commit))) == 1 for commit in COMMITS)


def test_another_python_sees_what_needs_no_database_and_one_test_of_a_world_for_each_folder():
    worlds = [Planted(f"tests/deals/{n}", fixturenames=("world",)) for n in "abc"]
    rules = [Planted(f"tests/deals/{n}") for n in "xyz"]

    assert set(selection.beside_the_story([*rules, *worlds])) == set(worlds[1:])


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert selection.checked_out(tmp_path) == ""


def test_the_order_hangs_on_the_seed_alone_and_not_on_what_else_is_run():
    names = [f"tests/deals/test_service.py::test_{number}" for number in range(50)]

    def ordered(seed, those):
        return sorted(those, key=lambda name: order.place(seed, FILE, name))

    assert ordered(1, names) == ordered(1, reversed(names)) != ordered(2, names)
    assert ordered(1, names[:9]) == [name for name in ordered(1, names) if name in names[:9]]
    assert ordered(1, names) != names


def test_the_tests_of_a_file_and_the_files_of_a_folder_stay_together():
    files = [Path(f"tests/{folder}/test_{name}.py") for folder in "ab" for name in "cde"]
    places = {
        order.place(3, file, f"{file}::{number}"): file for file in files for number in range(9)
    }
    met = [places[place] for place in sorted(places)]

    assert [file for file, before in zip(met, [None, *met], strict=False) if file != before] == (
        list(dict.fromkeys(met))
    )
    assert [file.parent.name for file in dict.fromkeys(met)] == [*"aaabbb"]


def test_a_folder_that_grew_is_named_and_one_that_exploded_fails():
    allowed = {"deals": 20.0, "vn": 1.0, "store": 50.0}
    spent = {"deals": 48.0, "vn": 9.0, "store": 170.0, "invoices": 500.0}

    said = {line.split()[0]: line for line in budget.lines(spent, allowed)}

    assert said["deals"].endswith("grew")
    assert "TOO MUCH" in said["store"] and said["invoices"].endswith("new")
    assert said["vn"].endswith("1.0"), "a folder of three tests says nothing"
    assert budget.too_much(spent, allowed) == ["store"]
