"""Where an account's mail is kept and handed in, and how it signs in there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from folkmoot.networks.base import gettext_noop
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access, Field

_SECURITY = (
    ("tls", gettext_noop("TLS")),
    ("starttls", gettext_noop("STARTTLS")),
    ("none", gettext_noop("Not encrypted (inside your own network only)")),
)
_PORTS = {"imap": {"tls": 993, "starttls": 143, "none": 143}, "smtp": {"tls": 465, "starttls": 587, "none": 25}}

FIELDS = (
    Field("address", gettext_noop("E-mail address"), example="hello@example.org"),
    Field(
        "sender",
        gettext_noop("Name of the sender"),
        gettext_noop("Stands before the address in what you send, such as the community's name."),
        required=False,
    ),
    Field("imap_host", gettext_noop("Server for reading (IMAP)"), example="imap.example.org"),
    Field("imap_security", gettext_noop("Encryption for reading"), kind="choice", default="tls", choices=_SECURITY),
    Field(
        "imap_port",
        gettext_noop("Port for reading"),
        gettext_noop("Empty: the usual one."),
        kind="number",
        required=False,
    ),
    Field("smtp_host", gettext_noop("Server for sending (SMTP)"), example="smtp.example.org"),
    Field("smtp_security", gettext_noop("Encryption for sending"), kind="choice", default="tls", choices=_SECURITY),
    Field(
        "smtp_port",
        gettext_noop("Port for sending"),
        gettext_noop("Empty: the usual one."),
        kind="number",
        required=False,
    ),
    Field(
        "user",
        gettext_noop("User name"),
        gettext_noop("Empty: the address."),
        required=False,
    ),
    Field(
        "password",
        gettext_noop("Password"),
        gettext_noop("Many providers want an app password, made in the settings of the account."),
        kind="secret",
        required=False,
        example="kettle-and-lantern",
    ),
    Field(
        "token",
        gettext_noop("Access token (OAuth 2)"),
        gettext_noop("Instead of a password, where the provider takes nothing else (XOAUTH2)."),
        kind="secret",
        required=False,
    ),
    Field(
        "aliases",
        gettext_noop("Other addresses of yours"),
        gettext_noop("Mails from them are shown as your own. Separated by commas."),
        required=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: str

    @property
    def tls(self) -> bool:
        return self.security == "tls"

    @classmethod
    def read(cls, settings: Mapping[str, str], kind: str) -> Server:
        host, security = settings.get(f"{kind}_host", "").strip(), settings.get(f"{kind}_security", "") or "tls"
        stated = settings.get(f"{kind}_port", "").strip()
        usual = _PORTS[kind].get(security)
        if not host or usual is None:
            raise Refused(f"which server is it? Enter the {kind.upper()} server and its encryption")
        if stated and not (stated.isascii() and stated.isdigit() and 0 < int(stated[:6]) < 65536):
            raise Refused(f"{stated[:20]} is no port; leave it empty for the usual one")
        return cls(host, int(stated) if stated else usual, security)


@dataclass(frozen=True, slots=True)
class Account:
    access: Access
    address: str
    sender: str
    own: frozenset[str]
    user: str
    password: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def read(cls, access: Access) -> Account:
        settings, secrets = access.settings, access.secrets
        address = settings.get("address", "").strip().lower()
        aliases = {one.strip().lower() for one in settings.get("aliases", "").split(",") if one.strip()}
        return cls(
            access,
            address,
            " ".join(settings.get("sender", "").split()),
            frozenset({address, *aliases}),
            settings.get("user", "").strip() or settings.get("address", "").strip(),
            secrets.get("password", ""),
            secrets.get("token", ""),
        )

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2] or "localhost"

    def server(self, kind: str) -> Server:
        return Server.read(self.access.settings, kind)

    def dial(self, server: Server) -> Any:
        return self.access.dial(server.host, server.port, tls=server.tls)

    def bearer(self) -> str:
        """What XOAUTH2 sends (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
        return f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"
