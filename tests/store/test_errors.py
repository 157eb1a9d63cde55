"""Errors of SQLite: what is a failure called? Whoever reads it must look in the right place."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from domain.kernel.faults import Kind
from domain.store.errors import as_fault

pytestmark = pytest.mark.both


def failure(number: int) -> OperationalError:
    origin = sqlite3.OperationalError("disk I/O error")
    origin.sqlite_errorcode = number
    return OperationalError("", {}, origin)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (sqlite3.SQLITE_FULL, "STORAGE_FULL"),
        (sqlite3.SQLITE_IOERR_WRITE, "STORAGE_FULL"),
        (sqlite3.SQLITE_IOERR_TRUNCATE, "STORAGE_FULL"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "STORAGE_FULL"),
        (sqlite3.SQLITE_IOERR_READ, "STORAGE_FAILED"),
        (sqlite3.SQLITE_IOERR_FSYNC, "STORAGE_FAILED"),
        (sqlite3.SQLITE_IOERR_SHORT_READ, "STORAGE_FAILED"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "DATABASE_BUSY"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "STORAGE_READ_ONLY"),
    ],
)
def test_a_failing_disk_is_not_called_a_full_one(number, code):
    fault = as_fault(failure(number))

    assert (fault.code, fault.kind) == (code, Kind.UNAVAILABLE)


def test_a_failure_nobody_knows_stays_a_mistake_of_ours():
    with pytest.raises(OperationalError):
        as_fault(failure(sqlite3.SQLITE_MISUSE))
