"""Service addresses: which may a service have, and which machine may we talk to when it is asked?

An operator chooses the address; a name in it is answered by a name server that others run. So
the machine behind the name is looked at as well, when the connection stands.
"""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from domain.kernel.faults import Fault, Kind

_MAIL_PORTS = {"smtps": 465, "smtp": 587}
_HOST = re.compile(r"[A-Za-z0-9.:-]+(?:%[A-Za-z0-9]+)?")
_Address: TypeAlias = IPv4Address | IPv6Address
# Where an IPv6 address ends with the IPv4 address it leads to: mapped (RFC 4291), translated
# (RFC 2765), through the NAT64 of everybody (RFC 6052) and of a site (RFC 8215).
_LAST_32_BITS = tuple(
    map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"))
)


def check_address(url: str) -> None:
    """Whether an operator may configure this address. Raises SETTING_INVALID.

    https, or http on this machine; no login, query or fragment in it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    plain = parts.scheme == "http" and is_local(host)
    extra = parts.username or parts.password or parts.query or parts.fragment
    literal = _literal(host)
    if not host or extra or not (parts.scheme == "https" or plain):
        problem = "must be an https address without login, query or fragment."
    elif literal is not None and not (literal.is_loopback or _is_usable(literal)):
        problem = "names an address that no service can have."
    else:
        return
    raise Fault(
        "SETTING_INVALID",
        Kind.INVALID,
        f"The address of a service {problem}",
        "http is allowed for 127.0.0.1 alone, as for the sandbox.",
    )


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed over. The password is shown nowhere.

    `tls` is "at_once", "required" (STARTTLS) or "none", on this machine alone.
    """

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer:
    """What an operator configured: `smtps://` or `smtp://`, with user and password if need be.

    Raises SETTING_INVALID, in words that repeat nothing of the address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        parts, host, port, user, password = urlsplit(""), "", None, "", ""
    extra = parts.path.strip("/") or parts.query or parts.fragment
    literal = _literal(host)
    if parts.scheme not in _MAIL_PORTS or not _HOST.fullmatch(host) or extra:
        problem = "must be smtps:// or smtp:// and a host, without path, query or fragment."
    elif literal is not None and not (literal.is_loopback or _is_usable(literal)):
        problem = "names an address that no service can have."
    elif bool(user) != bool(password) or not f"{user}{password}".isprintable():
        problem = "needs both a user and a password, or neither, percent-encoded."
    else:
        plain = parts.scheme == "smtp" and is_local(host)
        tls = "at_once" if parts.scheme == "smtps" else "none" if plain else "required"
        return MailServer(host, port or _MAIL_PORTS[parts.scheme], tls, user, password)
    raise Fault(
        "SETTING_INVALID",
        Kind.INVALID,
        f"The address of a mail server {problem}",
        "smtp:// is spoken with STARTTLS; plain only with this machine, as for the sandbox.",
    )


def may_talk_to(host: str, address: str) -> bool:
    """A name must lead to the public internet; a private address has to be written out."""
    peer = _literal(address.partition("%")[0])
    if peer is None:
        return False
    if is_local(host):
        return peer.is_loopback
    if _literal(host) is not None:
        return _is_usable(peer)
    is_site_local = isinstance(peer, IPv6Address) and peer.is_site_local
    return peer.is_global and not is_site_local and _is_usable(peer)


def is_local(host: str) -> bool:
    """Whether a host that is written so is this machine."""
    literal = _literal(host)
    return host in ("localhost", "localhost.") or (literal is not None and literal.is_loopback)


def _is_usable(address: _Address) -> bool:
    """Not the metadata service of a cloud, not everybody, not nobody, not ourselves."""
    return not (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or address.is_loopback
    )


def _literal(host: str) -> _Address | None:
    """The address that is written there; an IPv4 address in the clothes of IPv6 undressed."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if any(address in clothes for clothes in _LAST_32_BITS):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or address
