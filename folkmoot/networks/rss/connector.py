"""Feeds of blogs, news and forums: RSS, Atom and JSON Feed. They are read; nothing can be said there."""

from __future__ import annotations

from folkmoot.networks.base import Facts, gettext_noop
from folkmoot.networks.live import Field
from folkmoot.networks.rss.session import FeedsSession


class Rss:
    facts = Facts(slug="rss", name="Feeds (RSS, Atom)", icon="rss")
    fields = (
        Field(
            "feeds",
            gettext_noop("Addresses"),
            gettext_noop("Of feeds, or of pages that name one. One to a line."),
            kind="long",
            example="https://blog.example.org/feed/",
        ),
    )
    session = FeedsSession
