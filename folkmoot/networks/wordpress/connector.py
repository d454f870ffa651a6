"""WordPress sites: their posts and the comments under them, by the site's own REST interface."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, gettext_noop
from folkmoot.networks.live import Field
from folkmoot.networks.wordpress.session import WordPressSession

# The column of a comment's text holds this many bytes; posts have no limit to speak of
COMMENT_BYTES = 65_525


class WordPress:
    facts = Facts(
        slug="wordpress",
        name="WordPress",
        icon="brand-wordpress",
        limits=Limits(text=COMMENT_BYTES, media=20, as_of="2026-11-21"),
    )
    fields = (
        Field(
            "site",
            gettext_noop("Address of the site"),
            gettext_noop("As visitors see it, such as https://blog.example.org"),
            kind="url",
            example="https://blog.example.org",
        ),
        Field(
            "user",
            gettext_noop("User name"),
            gettext_noop("An account with the role Editor sees and moderates all comments."),
            example="keeper",
        ),
        Field(
            "password",
            gettext_noop("Application password"),
            gettext_noop(
                "Made in WordPress under Users → Profile → Application Passwords; not the one you sign in with."
            ),
            kind="secret",
            example="abcd efgh ijkl mnop qrst uvwx",
        ),
    )
    session = WordPressSession
