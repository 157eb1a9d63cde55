"""Service addresses: which may a service have, and which machine may we talk to when it is asked?

An operator chooses the address; a name in it is answered by a name server that others run. So
the machine behind the name is looked at as well, when the connection stands.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from domain.kernel.faults import Fault, Kind

_Address: TypeAlias = IPv4Address | IPv6Address


def check_address(url: str) -> None:
    """Whether an operator may configure this address. Raises SETTING_INVALID.

    https, or http on this machine; no login, query or fragment in it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    plain = parts.scheme == "http" and _is_local(host)
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


def may_talk_to(host: str, address: str) -> bool:
    """A name must lead to the public internet; a private address has to be written out."""
    peer = _literal(address.partition("%")[0])
    if peer is None:
        return False
    if _is_local(host):
        return peer.is_loopback
    return _is_usable(peer) if _literal(host) is not None else peer.is_global


def _is_local(host: str) -> bool:
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
    return getattr(address, "ipv4_mapped", None) or address
