"""Tenant logins on PostgreSQL: a login that works for one tenant alone.

The process says for each transaction which tenant it works for, and whoever holds its login can
say another. So a login whose name ends in `@` and the id of a tenant is held to that tenant by row
level security, which asks for `session_user` and not for what was set (isolation.py).
No table says so: a login cannot change its own name.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import create_async_engine

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from domain.store.errors import as_fault

PREFIX: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SIDES: Final = ("Client", "Server")
_ITERATIONS: Final = 4096  # what PostgreSQL itself takes
_TAKEN, _MAY_NOT = "42710", "42501"


async def make(url: URL, tenant_id: str, prefix: str) -> URL:
    """Create a login that acts as `cyberos_agent` for one tenant; its address with the password.

    `url` is that of a login that may create roles. Raises LOGIN_INVALID, LOGIN_EXISTS and
    DATABASE_ROLE_DENIED.
    """
    if not PREFIX.fullmatch(prefix):
        raise Fault(
            "LOGIN_INVALID",
            Kind.INVALID,
            "The name of a login begins with a small letter; small letters, digits and _ follow.",
            "give --name such as cyberos_serve.",
        )
    login, password = f"{prefix}@{tenant_id}", secrets.token_urlsafe(24)
    engine = create_async_engine(url.set(drivername="postgresql+asyncpg"))
    quoted = engine.dialect.identifier_preparer.quote_identifier(login)
    try:
        async with engine.begin() as connection:
            # The server is told a verifier, so that no log of statements holds the password.
            kept = verifier(password, secrets.token_bytes(16))
            await connection.exec_driver_sql(f"CREATE ROLE {quoted} LOGIN PASSWORD '{kept}'")
            await connection.exec_driver_sql(f"GRANT {Role.AGENT.value} TO {quoted}")
    except (DBAPIError, PoolTimeout, OSError) as error:
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        raise _refused(login, state) or as_fault(error) from error
    finally:
        await engine.dispose()
    return url.set(drivername="postgresql", username=login, password=password)


def _refused(login: str, state: str | None) -> Fault | None:
    if state == _TAKEN:
        return Fault(
            "LOGIN_EXISTS",
            Kind.CONFLICT,
            f"There is a login {login} already.",
            f'end it with DROP ROLE "{login}" first, or take another --name.',
        )
    if state == _MAY_NOT:
        return Fault(
            "DATABASE_ROLE_DENIED",
            Kind.FORBIDDEN,
            "This login may not create logins.",
            "use the one that `cyberos init` was run with; see docs/operating.md.",
        )
    return None


def verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password of ASCII letters, by SCRAM-SHA-256 (RFC 5802, 7677)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client, server = (hmac.digest(salted, f"{who} Key".encode(), "sha256") for who in _SIDES)
    parts = [base64.b64encode(one).decode() for one in (salt, _sha256(client), server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def _sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
