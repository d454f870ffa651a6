"""Isso: a small server for the comments under the pages of a site."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, gettext_noop
from folkmoot.networks.isso.session import IssoSession
from folkmoot.networks.live import Field


class Isso:
    facts = Facts(slug="isso", name="Isso", icon="messages", limits=Limits(text=65_535, media=0, as_of="2026-11-21"))
    fields = (
        Field(
            "server",
            gettext_noop("Address of Isso"),
            gettext_noop("Where Isso itself answers, such as https://comments.example.org; not the site it serves."),
            kind="url",
            example="https://comments.example.org",
        ),
        Field(
            "password",
            gettext_noop("Password of its administration"),
            gettext_noop("The line “password” of the section “admin” in Isso's configuration."),
            kind="secret",
            example="kettle-and-lantern",
        ),
        Field(
            "name",
            gettext_noop("Name under our comments"),
            gettext_noop("Readers see it."),
            example="The garden team",
        ),
        Field(
            "email",
            gettext_noop("E-mail address of our comments"),
            gettext_noop("Readers don't see it. By it our own comments are known."),
            example="team@example.org",
        ),
        Field(
            "timezone",
            gettext_noop("Time zone of the server"),
            gettext_noop("Such as Europe/Tallinn: for comments that wait, Isso tells no other time."),
            required=False,
            default="UTC",
        ),
    )
    session = IssoSession
