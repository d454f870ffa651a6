"""XMPP: rooms for many (XEP-0045), also called Jabber."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, Rate, gettext_noop
from folkmoot.networks.live import Field
from folkmoot.networks.xmpp.session import XmppSession


class Xmpp:
    # Servers take stanzas of 64 kB to 256 kB and more; no length is agreed on.
    facts = Facts(
        slug="xmpp",
        name="XMPP",
        icon="messages",
        limits=Limits(text=10_000, media=0, as_of="2026-11-21", rates=(Rate(5, 5.0),)),
    )
    fields = (
        Field(
            "account", gettext_noop("Account"), gettext_noop("Such as folkmoot@example.org."), example="us@xmpp.example"
        ),
        Field("password", gettext_noop("Password"), kind="secret", example="example"),
        Field(
            "rooms",
            gettext_noop("Rooms"),
            gettext_noop("Their addresses, such as garden@rooms.example.org; a room's password stands behind it."),
            kind="long",
            example="garden@rooms.xmpp.example",
        ),
        Field(
            "nick", gettext_noop("Nick"), gettext_noop("Empty: the account's name."), required=False, example="folkmoot"
        ),
        Field(
            "server",
            gettext_noop("Server"),
            gettext_noop("Only where it is not what stands behind the @ of the account."),
            required=False,
            example="xmpp.example",
        ),
        Field("port", gettext_noop("Port"), kind="number", default="5222"),
        Field(
            "tls",
            gettext_noop("Connection"),
            kind="choice",
            default="starttls",
            choices=(
                ("starttls", gettext_noop("Secure (STARTTLS)")),
                ("direct", gettext_noop("Secure from the start (TLS)")),
                ("no", gettext_noop("Open, readable by others on the way")),
            ),
        ),
    )
    session = XmppSession
