"""Archives for tests: what do the tests of backup and restore look at?"""

import sqlite3
import tarfile
from contextlib import closing

from tests.cli.console import Place

KEPT = {"cyberos.db", "trust.json", "mcp.json", "keys/checkpoint.pub"}


def another(tmp_path, capsys, name="other"):
    """A machine where nothing is installed yet."""
    return Place({"CYBEROS_DATA_DIR": str(tmp_path / name)}, capsys)


def members(file):
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(database):
    """Every row, table by table; how an index keeps words is its own affair."""
    listed = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute(f"{listed} ORDER BY name")]
        rows = "SELECT * FROM {0}".format
        ours = [name for name in tables if not name.startswith("sqlite_")]
        return {name: connection.execute(rows(name)).fetchall() for name in ours}
