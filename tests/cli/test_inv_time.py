"""Time comes in from a file: all of it or nothing, and every wrong line is named at once."""

import json
from itertools import count

import pytest

from tests.cli.console import ROOT

HEADING = "engagement,member,worked_on,hours,role,source_id"
_NUMBERS = count(1)


@pytest.fixture
def file(tmp_path):
    """Writes a file of time and gives its path."""

    def write(content):
        path = tmp_path / f"time-{next(_NUMBERS)}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def rows(*, day="2026-03-02", hours="1.00", role="engineer", delimiter=",", number=2):
    """Lines of an import that nobody made before."""
    first = next(_NUMBERS)
    lines = [
        delimiter.join(["acme-q2-2026", f"t{first}", day, hours, role, f"file-{first}-{n}"])
        for n in range(number)
    ]
    return "\n".join([HEADING.replace(",", delimiter), *lines]) + "\n"


def refused(place, path, *more):
    """The fault of a file that is refused, and its problems by line."""
    ended = place.inv("time", "import", path, *more, "--json")
    assert (ended.code, ended.err) == (2, "")
    assert ended.body["code"] == "TIME_FILE_INVALID"
    return ended.body, [(one["line"], one["code"]) for one in ended.body["facts"]["problems"]]


@pytest.mark.both
def test_april_of_the_demo_is_47_entries_of_168_hours_and_is_imported_once(place):
    april = str(ROOT / "fixtures" / "demo" / "april.csv")

    said = [
        place.inv("time", "import", april, *more, "--lang", "en").out.splitlines()
        for more in (["--dry-run"], [], [])
    ]

    assert said[0] == [
        "[time] 47 entries (168.00 h) new",
        "[time] 0 entries (0.00 h) corrected",
        "[time] 0 entries (0.00 h) there already",
        "[audit] dry run, nothing was written",
    ]
    assert said[1][:3] == said[0][:3]
    assert said[2][:3] == [
        "[time] 0 entries (0.00 h) new",
        "[time] 0 entries (0.00 h) corrected",
        "[time] 47 entries (168.00 h) there already",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_spreadsheet_writes_its_own_csv(embedded, file, delimiter, mark, newline):
    hours = "1.50" if delimiter == "," else "1,50"
    content = mark + rows(hours=hours, delimiter=delimiter).replace("\n", newline)

    done = embedded.inv("time", "import", file(content), "--json")

    assert done.code == 0, done.everything
    assert done.body["new"] == {"entries": 2, "hours": "3.00"}


def test_columns_may_stand_in_another_order_and_two_more_may_be_there(embedded, file):
    content = (
        "Source_ID,task,phase,hours,role,member,worked_on,engagement\n"
        '"x-1","Họp, hai lần",,2.00,Engineer,"=HYPERLINK(""http://x"")",2026-03-03,acme-q2-2026\n'
        "\n,,,,,,,\n"
    )

    done = embedded.inv("time", "import", file(content), "--json")
    listed = embedded.call(
        "inv_list_time_entries", {"from_day": "2026-03-03", "to_day": "2026-03-03"}, "cfo_agent"
    )

    assert done.body["new"] == {"entries": 1, "hours": "2.00"}
    (entry,) = listed["entries"]
    assert (entry["member"], entry["task"]) == ('=HYPERLINK("http://x")', "Họp, hai lần")


def test_every_wrong_line_is_named_at_once_and_nothing_comes_in(embedded, file):
    right = rows(number=1)
    wrong = [
        "acme-q2-2026,m,2026-13-01,30,engineer,",
        "nowhere,m,2026-03-02,1.00,engineer,w1",
        "acme-q2-2026,m,2026-03-02,1.00,driver,w2",
        "acme-q2-2026,m,2026-03-02,1.00,engineer",
        "acme-q2-2026,m,2026-03-02,1.00,engineer,w3,more",
        '"acme-q2-2026","m\n\n",2026-03-02,1.00,engineer,w4',
        "acme-q2-2026,m\u202e,2026-03-02,1.00,engineer,w5",
        "acme q2,m,2026-03-02,7:30,engineer,w6",
    ]
    path = file(right + "\n".join(wrong) + "\n")

    _, problems = refused(embedded, path)
    said = embedded.inv("time", "import", path)
    after = embedded.inv("time", "import", file(right), "--json").body

    assert problems == [
        (3, "TIME_FILE_INVALID"),
        (3, "TIME_FILE_INVALID"),
        (3, "TIME_FILE_INVALID"),
        (4, "NOT_FOUND"),
        (5, "RATE_CARD_MISSING"),
        (6, "TIME_FILE_INVALID"),
        (7, "TIME_FILE_INVALID"),
        (11, "TIME_FILE_INVALID"),
        (12, "TIME_FILE_INVALID"),
        (12, "TIME_FILE_INVALID"),
    ]
    assert said.out == "" and "line 12: engagement is no id or code" in said.err
    assert after["new"]["entries"] == 1, "it had not come in"


def test_what_makes_a_day_too_long_is_named_by_its_line(embedded, file):
    content = rows(day="2026-03-04", hours="10.00", number=3)

    _, problems = refused(embedded, file(content))

    assert problems == [(4, "HOURS_INVALID")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (HEADING, "no line with time"),
        (HEADING.replace("hours", "Stunden") + "\na,b,c,d,e,f\n", "lacks the column hours"),
        (HEADING + ",hours\na,b,c,d,e,f,g\n", "has a column twice"),
        (HEADING + ",rate\na,b,c,d,e,f,g\n", "a column of another name"),
        (HEADING.encode("utf-16"), "is not UTF-8"),
        (HEADING.encode() + b"\n\xff\xfe\n", "is not UTF-8"),
        (HEADING + "\na,b\0,c,d,e,f\n", "NUL"),
        (HEADING + '\na,"b,c,d,e,f\n', "wrong"),
        (b"x" * (1024 * 1024 + 1), "larger than"),
        (HEADING + "\na,b,c,d,e,f" * 1_001 + "\n", "more than 1,000 lines"),
        (HEADING + "\n" + "a" * 200_000 + ",b,c,d,e,f\n", "wrong"),
    ],
)
def test_what_is_no_file_of_time_is_refused_in_one_sentence(embedded, file, content, said):
    fault, _ = refused(embedded, file(content))

    assert said in fault["message"]


@pytest.mark.parametrize("path", ["/nowhere/time.csv", "/"])
def test_a_file_that_cannot_be_read_is_no_crash(embedded, path):
    fault, _ = refused(embedded, path)

    assert "cannot be read" in fault["message"]


def test_corrections_are_counted_and_an_agent_without_the_scope_has_no_such_command(embedded, file):
    content = rows()
    embedded.inv("time", "import", file(content))

    again = embedded.inv("time", "import", file(content.replace("1.00", "2.00", 1)), "--json").body
    other = embedded.inv("time", "import", file(content), "--json", agent="reader_agent")

    assert (again["corrected"], again["known"]) == (
        {"entries": 1, "hours": "2.00"},
        {"entries": 1, "hours": "1.00"},
    )
    assert json.loads(other.out)["code"] == "COMMAND_UNAVAILABLE"
