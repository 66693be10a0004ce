"""Which addresses may be reached for a URL that a user gave: S3 endpoints, webhooks, anything.

Public unicast only, unless the operator opens private networks with `LONGSHORE_ALLOW_PRIVATE_NETWORKS`; the addresses
where clouds hand out a machine's own credentials are closed even then. Checking is one half; the other is to dial the
address that was checked (`longshore.pinned`), since a name may answer differently a moment later. The operator may
close more for everybody: plain http by `LONGSHORE_EGRESS_HTTPS_ONLY`, all but some ports by `LONGSHORE_EGRESS_PORTS`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from longshore.errors import Refused, Transient
from longshore.settings import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Iterable[str]]
"""Host and port to addresses. Raises OSError where the name has none."""

METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
            "169.254.170.2",  # AWS, credentials of containers
            "169.254.170.23",  # AWS, credentials of EKS pods
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle Classic
            "168.63.129.16",  # Azure's wire server, a public address by its number
            "fd00:ec2::254",  # AWS
            "fd00:ec2::23",  # AWS, credentials of EKS pods
            "fd20:ce::254",  # Google
        ),
    )
)
"""Never reached, whatever the operator allows."""
DENIED = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "::/96",
            "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16",
        ),
    )
)  # fmt: skip
"""What Python 3.11's `is_global` lets through, wholly or in part: translators, tunnels, site-local, samples."""
EMBEDDING = ((ip_network("64:ff9b::/96"), 0), (ip_network("::/96"), 0), (ip_network("2002::/16"), 80))
"""IPv6 networks that carry an IPv4 address, and the bits to its right."""
PORTS = frozenset({80, 443})
"""The ports below 1024 that may be dialled."""
UNPRIVILEGED = 1024
BAD_PORTS = frozenset(
    {
        1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080,
    }
)  # fmt: skip
"""Ports from UNPRIVILEGED on that no browser connects to (WHATWG Fetch, "bad port")."""
OTHER_SERVICES = BAD_PORTS | {2375, 2376, 2379, 3306, 3389, 5432, 5672, 6379, 6380, 9042, 11211, 27017}
"""Ports of services that are not HTTP's and have been made to obey what an HTTP request carries."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of the name, of both families, as the operating system knows them. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, *, allow_private: Iterable[str] = (), resolver: Resolver = resolve) -> tuple[Address, ...]:
    """The addresses that may be dialled for the URL, in the resolver's order.

    All of the name's addresses must be allowed: one that is not is the mark of an attack, or a mistake to mend.
    `allow_private` are CIDRs. Raises Refused, and Transient where the name has no address now.
    """
    host, port = host_and_port(url)
    literal = _literal(host)
    if literal is None:
        try:
            found = tuple(dict.fromkeys(ip_address(text.partition("%")[0]) for text in resolver(host, port)))
        except OSError as error:
            raise Transient(f"The name {host} has no address now. Check its spelling.", detail=str(error)) from error
    else:
        found = (literal,)
    if not found:
        raise Transient(f"The name {host} has no address now. Check its spelling.")
    networks = tuple(ip_network(cidr, strict=False) for cidr in allow_private)
    addresses = tuple(map(_unmapped, found))
    for address in addresses:
        if not _allowed(address, networks):
            raise Refused(
                f"{host} leads to a network that may not be reached. If it is a service of your own, the operator can"
                " allow its network with LONGSHORE_ALLOW_PRIVATE_NETWORKS.",
                detail=str(address),
            )
    return addresses


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port, without asking any name server. Raises Refused for whatever two parsers might read differently."""
    if any(char <= " " or char in '\\"<>^`{|}' or char == "\x7f" for char in url):
        raise Refused("The URL contains a character that URLs may not contain. Write it percent-encoded.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = host if ":" in host else host.encode("idna").decode()
    except ValueError as error:  # UnicodeError is one
        raise Refused("The URL cannot be read. Write it as https://host:port/path.") from error
    if parts.scheme not in {"http", "https"}:
        raise Refused("Only http and https URLs may be reached.")
    if parts.scheme == "http" and settings().egress_https_only:
        raise Refused("Only https URLs may be reached: the operator set LONGSHORE_EGRESS_HTTPS_ONLY.")
    if "@" in parts.netloc:
        raise Refused("The URL may not contain a user name or password. Put them into the connection's secrets.")
    if not name or "%" in name:
        raise Refused("The URL names no host that can be reached. Write it as https://host:port/path.")
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    if port in OTHER_SERVICES or (port < UNPRIVILEGED and port not in PORTS):
        raise Refused(f"Port {port} may not be reached. Use 80, 443, or one above 1023 that is no other service's.")
    allowed = settings().egress_ports
    if allowed and port not in allowed:
        listed = ", ".join(map(str, allowed))
        raise Refused(f"Port {port} may not be reached. The operator allows {listed} with LONGSHORE_EGRESS_PORTS.")
    return name.lower(), port


def _literal(host: str) -> Address | None:
    """The address that a host is in itself: also in the spellings that C libraries take (127.1, 0x7f.1, 2130706433)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def _unmapped(address: Address) -> Address:
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _allowed(address: Address, private: tuple[Network, ...]) -> bool:
    if address in METADATA or _embedded(address) in METADATA or address.is_multicast or address.is_unspecified:
        return False
    if any(address in network for network in private):
        return True
    return address.is_global and not any(address in network for network in DENIED)


def _embedded(address: Address) -> Address | None:
    for network, right in EMBEDDING:
        if address in network:
            return IPv4Address((int(address) >> right) & 0xFFFFFFFF)
    return None
