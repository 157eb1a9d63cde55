"""Words of the field: does every name and comment use the term that a newcomer would search for?

Names are read as words: `left_alone` and `LeftAlone` are "left alone". A docstring of a file begins
with its subject, so that a list of files is a table of contents; a question may follow.
"""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.house.reading import Source, keeps, seen, texts

HERE = "tests/house/test_words.py"
READ = (
    *("server", "tools", "policies", "domain", "fixtures", "bench", "tests"),
    *("docs", "mcpb", ".ci"),
)
FILES = ("cyberos.py", "Makefile", "pyproject.toml", "README.md", "CONTRIBUTING.md")
NOT_PROSE = (".lock", "package-lock.json", ".svg")

# What was said -> what to say. Patterns are looked for in small letters, as whole words.
TERMS: Mapping[str, str] = {
    r"wish(?:es|ed)?": "approval request",
    r"drawers?": "module",
    r"rooms|room of its own": "package",
    r"floors|(?:top|upper|lower) floor|floor (?:above|below)": "layer",
    r"(?<!tests[/.])house(?! rules?\b| numbers?\b)": "the system, the program, the company",
    r"(?:un)?walled|walls?": "tenant isolation",
    r"found(?:ed|ing|ings)|furnish\w*": "provision, bootstrap, populate",
    r"errands?": "execution, task",
    r"ballots?": "vote",
    r"withdraw(?:al|n)? (?:of )?(?:an|the) (?:action|request)": "cancellation",
    r"words? on an? action|signed word|speakers?": "resolution, resolver",
    r"fates?": "outcome",
    r"witness\w*|summon\w*|tales?": "key history, entries",
    r"powers(?! of)": "grants",
    r"salvag\w*": "tolerant read",
    r"(?:cut|limits?) in pieces": "aggregation limit, structuring",
    r"patien(?:ce|t)|impatient": "timeout, backoff",
    r"left alone": "backs off, is not touched",
    r"rehears\w*": "dry run",
    r"consult(?:s|ed)?": "prefetch",
    r"outside\[|class outside": "ports",
    r"unanswered": "port error",
    r"desks?|vaults?|sheets?|shel(?:f|ves)": "context, key files, view, server",
    r"circles?": "sharing, quorum, cycle",
    r"(?<!four )eyes?": "visibility, viewer",
    r"strangers?": "untrusted input, an unknown caller",
    r"she|hers?|herself": "they, or the role",
}
# Where an old word means something else, or is a name that others rely on.
ALLOWED: Mapping[tuple[str, str], str] = {
    ("server/cli/work.py", "left alone"): "the JSON key `left_alone` of `cyberos work`",
    ("tests/cli/test_app.py", "left alone"): "the JSON key `left_alone` of `cyberos work`",
    ("tests/cli/test_work.py", "left alone"): "the JSON key `left_alone` of `cyberos work`",
    ("policies/gate/contract.py", "class outside"): "who is reached during delivery, with `ports`",
    ("tests/budget.toml", "house"): "the folder tests/house",
    ("tests/bench/test_scale.py", "circle"): "the element of SVG",
    ("bench/scale/picture.py", "circle"): "the element of SVG",
    ("fixtures/forecasts/picture.py", "circle"): "the element of SVG",
    ("domain/vn/data/SOURCES.md", "furnished"): "the licence of somebody else",
}
QUESTIONS = frozenset(
    {
        *("What", "Which", "Who", "Whose", "Whom", "Where", "When", "Why", "How", "If"),
        *("Is", "Are", "Was", "Were", "Do", "Does", "Did", "Has", "Have", "Had"),
        *("Can", "Could", "May", "Might", "Must", "Shall", "Should", "Will", "Would"),
    }
)

_WORDS = re.compile(r"\b(?:" + "|".join(f"(?:{one})" for one in TERMS) + r")(?!(?<=\w)\w)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def test_nothing_is_called_by_an_old_name():
    found = [said for path, text in texts() if is_read(path) for said in old_words(path, text)]

    assert not found, "\n" + "\n".join(found)


def test_every_file_begins_with_its_subject():
    keeps(questions_first)


def test_what_is_allowed_is_there():
    read = dict(texts())
    idle = [
        f"{path}: {word}"
        for path, word in ALLOWED
        if not any(word in _plain(line) for line in read.get(path, "").splitlines())
    ]

    assert not idle, f"no reason to allow {idle}"


def is_read(path: str) -> bool:
    return (path.startswith(tuple(f"{one}/" for one in READ)) or path in FILES) and (
        path != HERE and not path.endswith(NOT_PROSE)
    )


def old_words(path: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        for match in _WORDS.finditer(_plain(line)):
            word = match.group()
            if (path, word) not in ALLOWED:
                yield f"{path}:{number}: {word!r}; say {_instead(word)}"


def questions_first(source: Source) -> Iterator[str]:
    said = ast.get_docstring(source.tree) if is_read(source.path) else None
    if said and re.split(r"\W", said)[0] in QUESTIONS:
        yield f"{source.path}:1: begin with the subject: {said.partition(' ')[0]} asks already"


def _plain(line: str) -> str:
    """A line in which every name is words."""
    return _HUMP.sub(" ", line).replace("_", " ").lower()


def _instead(word: str) -> str:
    return next(term for old, term in TERMS.items() if re.search(old, word))


@pytest.mark.parametrize(
    "line",
    [
        "# This wish included.",
        "def a_wish_is_taken_back(): ...",
        "class SignedWord: ...",
        "from policies.house import House",
        "# The clock of its walls.",
        "async def _founded(url): ...",
        "# Says a word on an action.",
        "PATIENCE_SECONDS = 60",
        "left_alone = []",
        "Written by strangers.",
        "# The deal's circle.",
        "What she signs.",
        "    registry = outside[TaxRegistry]",
        "# Asked for in rooms.",
        "account_sheet(card)",
    ],
)
def test_an_old_name_is_seen(line):
    assert list(old_words("server/x.py", line))


@pytest.mark.parametrize(
    "line",
    [
        "nobody is found where the entry was found",
        "report.found(place, what)",
        "the disk has no room for it",
        "the policy floor",
        "from tests.house.reading import ROOT",
        "see tests/house; the house rules",
        "a house number and a household",
        "read as people and spreadsheets write it",
        "the four eyes principle",
        "10 to powers of two, and a power switch",
        "washed, other, there, usher",
        "what stands outside the database",
    ],
)
def test_another_meaning_is_left(line):
    assert list(old_words("server/x.py", line)) == []


@pytest.mark.parametrize("first", ["Does it hold?", "Who talks too slowly?", "What: a list."])
def test_a_file_that_begins_with_a_question_is_seen(first):
    assert seen(questions_first, "server/x.py", f'"""{first}"""')


@pytest.mark.parametrize("first", ["Slow clients: who talks too slowly?", "Whoever asks.", ""])
def test_a_file_that_begins_with_its_subject_is_left(first):
    assert seen(questions_first, "server/x.py", f'"""{first}"""') == []
