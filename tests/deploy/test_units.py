"""Deployment files: would systemd take the units, and is every command in them one of ours?"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.reading import ROOT
from tests.house.test_commands import unknown

DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("cyberos-*"))
PROGRAM = "/opt/cyberos/.venv/bin/cyberos"


def commands() -> list[str]:
    """What the units run of ours."""
    lines = [line for one in UNITS for line in one.read_text().splitlines() if PROGRAM in line]
    return [f"cyberos{line.partition(PROGRAM)[2]}" for line in lines]


def test_every_command_of_a_unit_is_there():
    found = commands()

    assert len(found) == 4
    assert [problem for said in found if (problem := unknown(said))] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path):
    program = tmp_path / "cyberos"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, str(program)))

    said = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, tmp_path.glob("*.*e*"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (said.returncode, said.stderr) == (0, "")


def test_every_process_has_an_account_and_as_few_rights_as_it_needs():
    services = [one.read_text() for one in UNITS if one.suffix == ".service"]

    for text in services:
        assert re.search(r"^User=cyberos-(agents|worker)$", text, re.MULTILINE)
        assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"} <= set(text.split())


def test_each_process_of_the_containers_has_a_login_of_its_own():
    text = (DEPLOY / "compose.yaml").read_text()

    assert re.findall(r"env_file: (\w+)\.env", text) == ["agents", "worker", "people"]
