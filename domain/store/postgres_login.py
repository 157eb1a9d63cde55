"""PostgreSQL logins: why does a server not let us in? In words that name it and the login.

What else goes wrong while a connection is opened stays as the driver said it (errors.py).
"""

import socket
from typing import Any, Final

from domain.kernel.faults import Fault, Kind

# SQLSTATE (PostgreSQL documentation, appendix A): no such login, or another password.
_REFUSED: Final = ("28000", "28P01")
_NOTHING: Final = "nothing was changed"


async def connect(*arguments: Any, **options: Any) -> Any:
    """A connection of asyncpg, for SQLAlchemy's dialect.

    Raises DATABASE_LOGIN_REFUSED, DATABASE_HOST_UNKNOWN, DATABASE_TLS_REFUSED, or
    DATABASE_UNAVAILABLE when nobody answers there.
    """
    import asyncpg  # type: ignore[import-untyped]

    try:
        return await asyncpg.connect(*arguments, **options)
    except (OSError, asyncpg.PostgresError) as error:
        host, port = options.get("host"), options.get("port") or 5432
        fault = refusal(error, f"{host}:{port}", str(options.get("user") or "of this account"))
        if fault is None or host is None:
            raise
        raise fault from error


def refusal(error: Exception, place: str, login: str) -> Fault | None:
    """What a failure to connect means; None for what it does not say."""
    if getattr(error, "sqlstate", None) in _REFUSED:
        return Fault(
            "DATABASE_LOGIN_REFUSED",
            Kind.UNAVAILABLE,
            f"{place} refuses the login {login}: another password, or pg_hba.conf.",
            f"{_NOTHING}; correct CYBEROS_DATABASE_URL, or let the login in.",
        )
    if isinstance(error, socket.gaierror):
        return Fault(
            "DATABASE_HOST_UNKNOWN",
            Kind.UNAVAILABLE,
            f"There is no host of the name in {place}.",
            f"{_NOTHING}; correct CYBEROS_DATABASE_URL. In a password @ is written %40, : %3A,"
            " / %2F and # %23.",
        )
    if _is_about_tls(error):
        return Fault(
            "DATABASE_TLS_REFUSED",
            Kind.UNAVAILABLE,
            f"{place} and this program do not agree on an encrypted connection.",
            f"{_NOTHING}; correct ssl= in CYBEROS_DATABASE_URL, or the certificate of the server.",
        )
    if isinstance(error, OSError):
        return Fault(
            "DATABASE_UNAVAILABLE",
            Kind.UNAVAILABLE,
            f"The database at {place} does not answer.",
            f"{_NOTHING}; see whether it runs there, then repeat the call.",
        )
    return None


def _is_about_tls(error: Exception) -> bool:
    import ssl

    return isinstance(error, ssl.SSLError) or "SSL" in str(error)
