"""GitHub: issues, pull requests, discussions and releases of repositories."""

from __future__ import annotations

from folkmoot.networks.base import Facts, gettext_noop
from folkmoot.networks.github.client import SERVER
from folkmoot.networks.github.facts import LIMITS
from folkmoot.networks.github.session import GitHubSession
from folkmoot.networks.live import Field


class GitHub:
    facts = Facts(slug="github", name="GitHub", icon="brand-github", limits=LIMITS)
    fields = (
        Field(
            "token",
            gettext_noop("Access token"),
            gettext_noop("Made under Settings → Developer settings → Personal access tokens."),
            kind="secret",
            example="github_pat_abc",
        ),
        Field(
            "repositories",
            gettext_noop("Repositories"),
            gettext_noop("As owner/name, with spaces between. Empty: those that the account has to do with."),
            required=False,
            example="garden/club",
        ),
        Field(
            "server",
            gettext_noop("Address of the API"),
            gettext_noop("Leave it as it is, unless you have a GitHub of your own: https://github.example.org/api/v3"),
            kind="url",
            required=False,
            default=SERVER,
        ),
    )
    session = GitHubSession
