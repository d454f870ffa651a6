"""Mastodon, and the servers that speak its API."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from folkmoot.networks.base import Facts, gettext_noop
from folkmoot.networks.live import Begun, Field, Tokens
from folkmoot.networks.mastodon import signing_in
from folkmoot.networks.mastodon.facts import LIMITS
from folkmoot.networks.mastodon.moderating import SERVER
from folkmoot.networks.mastodon.session import MastodonSession


class Mastodon:
    facts = Facts(slug="mastodon", name="Mastodon", icon="brand-mastodon", limits=LIMITS)
    fields = (
        Field(
            "server",
            gettext_noop("Server"),
            gettext_noop("The address of the server the account is on."),
            kind="url",
            example="https://social.example",
        ),
        Field(
            "moderation",
            gettext_noop("Muting and banning"),
            gettext_noop("For the whole server only works for its moderators."),
            kind="choice",
            default="account",
            choices=(
                ("account", gettext_noop("For this account: mute and block")),
                (SERVER, gettext_noop("For the whole server: limit and suspend")),
            ),
        ),
        Field(
            "hashtags",
            gettext_noop("Hashtags to offer"),
            gettext_noop("With spaces between. Those that the account follows are offered anyway."),
            required=False,
            example="#folkmoot #meetup",
        ),
        Field(
            "token",
            gettext_noop("Access token"),
            gettext_noop("Instead of signing in: made under Preferences → Development."),
            kind="secret",
            required=False,
            example="an-access-token",
        ),
    )
    session = MastodonSession

    def begin(
        self, settings: Mapping[str, str], http: httpx.Client, *, callback: str, state: str, challenge: str
    ) -> Begun:
        return signing_in.begin(settings, http, callback=callback, state=state, challenge=challenge)

    def finish(
        self,
        settings: Mapping[str, str],
        http: httpx.Client,
        *,
        kept: Mapping[str, str],
        callback: str,
        code: str,
        verifier: str,
    ) -> Tokens:
        return signing_in.finish(settings, http, kept=kept, callback=callback, code=code, verifier=verifier)
