"""Run a frozen SQL file of a revision: `<revision>_<dialect>_<name>.sql`, statements end `--;`."""

from pathlib import Path

from sqlalchemy import Connection

_VERSIONS = Path(__file__).parent / "versions"


def run_script(connection: Connection, revision: str, name: str) -> None:
    """Execute every statement of the file for this database, in order."""
    file = _VERSIONS / f"{revision}_{connection.dialect.name}_{name}.sql"
    for statement in file.read_text(encoding="utf-8").split("\n--;\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
