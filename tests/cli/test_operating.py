"""Operating manual: does docs/operating.md tell operators of
everything there is, and of nothing else?
"""

import re

import pytest

from domain.store.engine import Role
from server.settings import VARIABLES
from tests.cli.console import ROOT

TEXT = (ROOT / "docs" / "operating.md").read_text("utf-8")


@pytest.mark.parametrize("variable", VARIABLES)
def test_every_setting_has_its_line(variable):
    assert re.search(rf"^\| `{variable}` \| .+ \| .+ \|$", TEXT, re.MULTILINE)


def test_it_names_no_setting_that_would_be_refused():
    assert set(re.findall(r"CYBEROS_[A-Z_]+[A-Z]", TEXT)) <= set(VARIABLES)


@pytest.mark.parametrize("role", Role)
def test_every_role_of_the_database_is_explained(role):
    assert f"| `{role.value}` |" in TEXT


def test_everything_in_a_data_directory_is_explained(embedded):
    embedded.ok("audit", "checkpoint")
    for path in embedded.data_dir.rglob("*"):
        name = path.relative_to(embedded.data_dir).parts[0]
        assert f"`{name}`" in TEXT or f"`{name}/" in TEXT, path


def test_every_section_it_promises_is_there():
    promised = re.findall(r"\]\(#([a-z-]+)\)", TEXT)
    titles = [
        re.sub(r"[^a-z -]", "", line[3:].lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("## ")
    ]

    assert promised == titles
