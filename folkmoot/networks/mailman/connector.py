"""Mailing lists of Mailman 3: read and written to as e-mail, moderated by Mailman's own REST interface."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, gettext_noop
from folkmoot.networks.email.account import FIELDS
from folkmoot.networks.live import Field
from folkmoot.networks.mailman.session import MailmanSession


class Mailman:
    # What a list takes by default: 40 kilobytes in all; what is larger is held
    facts = Facts(slug="mailman", name="Mailman", icon="mailbox", limits=Limits(media=5, as_of="2026-11-21"))
    fields = (
        *FIELDS,
        Field(
            "rest",
            gettext_noop("Mailman's REST address"),
            gettext_noop(
                "To see and decide on held mails. Ask whoever runs Mailman; empty: the lists are only read and written to."
            ),
            kind="url",
            required=False,
            example="http://mailman.example.org:8001/3.1",
        ),
        Field("rest_user", gettext_noop("User name for REST"), required=False, example="restadmin"),
        Field("rest_password", gettext_noop("Password for REST"), kind="secret", required=False, example="kettle"),
    )
    session = MailmanSession
