"""Ghost: a publication's posts, the comments under them, and its members."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, gettext_noop
from folkmoot.networks.ghost.session import GhostSession
from folkmoot.networks.live import Field


class Ghost:
    facts = Facts(slug="ghost", name="Ghost", icon="article", limits=Limits(media=20, title=255, as_of="2026-11-21"))
    fields = (
        Field(
            "site",
            gettext_noop("Address of the site"),
            gettext_noop("The one under which its administration opens, such as https://blog.example.org"),
            kind="url",
            example="https://blog.example.org",
        ),
        Field(
            "admin_key",
            gettext_noop("Admin API key"),
            gettext_noop("Made in Ghost under Settings → Advanced → Integrations → Add custom integration."),
            kind="secret",
            example="6b0218f3cd62782e142da540:" + "0d" * 32,
        ),
        Field(
            "member",
            gettext_noop("E-mail address of our member"),
            gettext_noop(
                "Comments are written by members. Without one, comments are read and moderated, not answered."
            ),
            required=False,
            example="team@example.org",
        ),
    )
    session = GhostSession
