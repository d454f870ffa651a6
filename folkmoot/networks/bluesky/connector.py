"""Bluesky, and other servers of the AT Protocol."""

from __future__ import annotations

from folkmoot.networks.base import Facts, gettext_noop
from folkmoot.networks.bluesky.facts import LIMITS
from folkmoot.networks.bluesky.session import BlueskySession
from folkmoot.networks.live import Field


class Bluesky:
    facts = Facts(slug="bluesky", name="Bluesky", icon="brand-bluesky", limits=LIMITS)
    fields = (
        Field(
            "handle",
            gettext_noop("Handle"),
            gettext_noop("The account's name, such as folkmoot.bsky.social or your own domain."),
            example="brand.example",
        ),
        Field(
            "app_password",
            gettext_noop("App password"),
            gettext_noop("Not the account's own password: make one under Settings → Privacy and security."),
            kind="secret",
            example="abcd-efgh-ijkl-mnop",
        ),
        Field(
            "server",
            gettext_noop("Server"),
            gettext_noop("Only for accounts that are not at Bluesky itself: the address of their PDS."),
            kind="url",
            default="https://bsky.social",
            required=False,
            example="https://bsky.social",
        ),
        Field(
            "searches",
            gettext_noop("Searches to offer"),
            gettext_noop("Hashtags and words, one search on each line."),
            kind="long",
            required=False,
            example="#folkmoot",
        ),
        Field(
            "jetstream",
            gettext_noop("Jetstream"),
            gettext_noop("For answers within a second. Takes in all public posts: about 3 GB a day. Empty: asked for."),
            required=False,
            example="wss://jetstream.example/subscribe",
        ),
    )
    session = BlueskySession
