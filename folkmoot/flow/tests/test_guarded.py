"""Accounts reach no address that is not of the open internet, however it is written, named or redirected to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from folkmoot.channels import connecting, sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Connection, Health
from folkmoot.flow.listening import Listener
from folkmoot.lib import fetching
from folkmoot.networks import ways
from folkmoot.networks.errors import Refused
from servers import plaza
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)

INWARD = (
    "127.0.0.1", "10.0.0.5", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.1", "::1", "fe80::1",
    "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe",
)  # fmt: skip


def named(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Every name is at ``address``."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def resolve(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    for way in (fetching.client, fetching.dial):
        monkeypatch.setitem(way.__kwdefaults__, "resolve", resolve)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", INWARD)
def test_a_server_whose_name_leads_inside_cannot_be_connected(
    address: str, known: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, address)
    with pytest.raises(UnableTo, match="private address"):
        connecting.try_out(Filled("plaza", {"server": "https://plaza.example.org"}, {"token": "x"}))


@pytest.mark.parametrize("address", INWARD)
def test_a_socket_is_not_opened_inside_either(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, address)
    access = ways.access({}, {}, now=lambda: datetime.now(UTC))
    with access.http, pytest.raises(Refused, match="private address"):
        access.dial("irc.example.org", 6697, tls=True)


def test_what_is_allowed_is_that_address_and_port_alone(address: str, known: None) -> None:
    port = int(address.rpartition(":")[2])
    found, places = connecting.try_out(filled(address, f"127.0.0.1:{port}"))
    assert (found.account.remote_id, len(places)) == ("us", 2)
    with pytest.raises(UnableTo, match="private address"):
        connecting.try_out(filled(address, f"127.0.0.1:{port + 1}"))
    with pytest.raises(UnableTo, match="private address"):
        connecting.try_out(filled(address, "10.0.0.0/8"))
    access = ways.access({}, {}, now=lambda: datetime.now(UTC), allowed=sessions.allowed(f"127.0.0.1:{port}"))
    with access.http:
        access.dial("localhost", port, tls=False).close()


def filled(address: str, allowed: str) -> Filled:
    return Filled("plaza", {"server": address}, {"token": plaza.TOKEN}, allowed=allowed)


@pytest.mark.parametrize(
    "there",
    ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.5/", "http://[::1]:80/", "http://0x7f000001:1/"],
)
def test_an_allowed_server_redirects_nobody_inside(there: str, address: str, square: Square, known: None) -> None:
    square.sends_to = there
    port = address.rpartition(":")[2]
    with pytest.raises(UnableTo, match="private address"):
        connecting.try_out(filled(address, f"127.0.0.1:{port}"))


def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then(
    connect: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(now=datetime.now(UTC))
    with sessions.opened(account) as session:
        assert session.places()
    named(monkeypatch, "169.254.169.254")
    with sessions.opened(account) as session, pytest.raises(Refused, match="private address"):
        session.places()


def test_an_account_connected_again_without_the_switch_reaches_it_no_longer(
    connect: Callable[..., Connection],
    address: str,
    mira: Any,
    at_work: Callable[..., Any],
    until: Callable[[Callable[[], object]], None],
) -> None:
    account = connect(now=datetime.now(UTC))
    with at_work(Listener(threads=2)):
        until(lambda: Health.objects.filter(last_read_at__isnull=False).exists())
        found, _places = connecting.try_out(filled(address, "127.0.0.1"))
        connecting.reconnect(account, filled(address, ""), found, by=mira, now=datetime.now(UTC))
        until(lambda: Health.objects.filter(error__contains="private address").exists())
