"""Addresses of machines: which are of the open internet, and which private ones an installation allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
_INWARD = tuple(map(ip_network, ("fec0::/10", "64:ff9b:1::/48", "100.64.0.0/10", "192.0.0.0/24")))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Private addresses that may be reached all the same: networks, each with a port or (None) with all of them."""

    networks: tuple[tuple[Network, int | None], ...] = ()

    @classmethod
    def read(cls, words: Iterable[str]) -> Allowed:
        """From ``127.0.0.1:11434``, ``10.0.0.0/8``, ``[::1]:8080``, ``fd00::/8``. Raises ``ValueError``."""
        return cls(tuple(_network(word) for word in words))

    def __contains__(self, place: tuple[Address, int]) -> bool:
        address, port = place
        return any(address in network and only in (None, port) for network, only in self.networks)


def _network(word: str) -> tuple[Network, int | None]:
    if word.startswith("["):
        inside, _, rest = word[1:].partition("]")
        return ip_network(inside), int(rest[1:]) if rest.startswith(":") else None
    if word.count(":") == 1:
        host, _, port = word.partition(":")
        return ip_network(host), int(port)
    return ip_network(word), None


NOTHING_PRIVATE = Allowed()


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, whichever other address it carries inside."""
    if isinstance(address, IPv6Address) and (inner := _inner(address)) is not None:
        return is_public(inner)
    if address.is_multicast or any(address in network for network in _INWARD):
        return False
    return address.is_global


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
