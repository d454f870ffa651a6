"""OAuth 2 for a Slack app that the community has made itself. https://docs.slack.dev/authentication/installing-with-oauth"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from folkmoot.networks.api import Api
from folkmoot.networks.errors import NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access, Begun, Tokens
from folkmoot.networks.payload import count, mapping, text
from folkmoot.networks.slack.client import SERVER, judge

NEEDED = (
    "channels:history", "channels:read", "groups:history", "groups:read", "chat:write", "users:read",
    "reactions:read",
)  # fmt: skip
WISHED = (
    "files:read", "files:write", "pins:write", "im:history", "im:read", "mpim:history", "mpim:read",
    "metadata.message:read", "channels:manage", "groups:write",
)  # fmt: skip


def _server(settings: Mapping[str, str]) -> str:
    return (settings.get("server", "").strip() or SERVER).rstrip("/")


def begin(settings: Mapping[str, str], *, callback: str, state: str) -> Begun:
    client, secret = settings.get("client_id", "").strip(), settings.get("client_secret", "").strip()
    if not client or not secret:
        raise Refused("give the app's client ID and client secret; both are on its page Basic Information")
    asked = {"client_id": client, "scope": ",".join((*NEEDED, *WISHED)), "redirect_uri": callback, "state": state}
    page = f"{_server(settings).removesuffix('/api')}/oauth/v2/authorize"
    return Begun(str(httpx.URL(page, params=asked)), {"client_id": client, "client_secret": secret})


def finish(
    settings: Mapping[str, str], http: httpx.Client, *, kept: Mapping[str, str], callback: str, code: str
) -> Tokens:
    given = {"code": code, "redirect_uri": callback}
    return _tokens(http, _server(settings), kept, given, now=datetime.now(UTC))


def renew(access: Access) -> Tokens:
    """Only where the app rotates its tokens; others last."""
    secrets = access.secrets
    if not secrets.get("renewal_token"):
        raise Reconnect("Slack gave nothing to renew the token by; connect the workspace again")
    app = {"client_id": access.settings.get("client_id", ""), "client_secret": secrets.get("client_secret", "")}
    given = {"grant_type": "refresh_token", "refresh_token": secrets["renewal_token"]}
    return _tokens(access.http, _server(access.settings), app, given, now=access.now())


def _tokens(
    http: httpx.Client, server: str, app: Mapping[str, str], given: Mapping[str, str], *, now: datetime
) -> Tokens:
    answer: Mapping[str, Any]
    try:
        answer = mapping(
            Api(http, server, {}, judge).read("oauth.v2.access", method="POST", data={**app, **given}).data
        )
    except (Refused, Reconnect, Unsure) as error:
        raise Reconnect(_why(error)) from error
    if not text(answer.get("access_token")):
        raise Reconnect("Slack did not sign us in; begin again")
    lasts = count(answer.get("expires_in"))
    secrets = {
        "token": text(answer.get("access_token")),
        "client_secret": app["client_secret"],
        "renewal_token": text(answer.get("refresh_token")),
    }
    team = mapping(answer.get("team"))
    known = {"client_id": app["client_id"], "team": text(team.get("name")), "team_id": text(team.get("id"))}
    return Tokens(secrets, known, now + timedelta(seconds=lasts) if lasts else None)


def _why(error: NetworkError) -> str:
    return f"Slack did not sign us in; begin again: {error}"
