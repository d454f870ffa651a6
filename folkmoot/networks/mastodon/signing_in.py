"""OAuth 2 at a server that knows nothing of us yet: an app is registered there first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Never

import httpx

from folkmoot.networks.api import Api
from folkmoot.networks.errors import NetworkError, Reconnect, Refused
from folkmoot.networks.live import Access, Begun, Tokens
from folkmoot.networks.mastodon.account import Account, address
from folkmoot.networks.mastodon.errors import judge
from folkmoot.networks.mastodon.moderating import SERVER
from folkmoot.networks.payload import count, mapping, text

_CALLED = "Folkmoot"
_READS_AND_WRITES = "read write follow"
_MODERATES = "admin:read:accounts admin:write:accounts admin:read:reports admin:write:reports"


def _now() -> datetime:
    return datetime.now(UTC)


def begin(settings: Mapping[str, str], http: httpx.Client, *, callback: str, state: str, challenge: str) -> Begun:
    base = address(settings.get("server", ""))
    scopes = f"{_READS_AND_WRITES} {_MODERATES}" if settings.get("moderation") == SERVER else _READS_AND_WRITES
    wanted = {"client_name": _CALLED, "redirect_uris": callback, "scopes": scopes}
    # An app that nobody uses is thrown away by the server: silence is no harm
    app = mapping(_api(http, base).read("api/v1/apps", method="POST", json=wanted).data)
    client, secret = text(app.get("client_id")), text(app.get("client_secret"))
    if not client or not secret:
        raise Refused("the server did not take us for an app; is it one with Mastodon's API?")
    question = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": callback,
        "scope": scopes,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    kept = {"server": base, "client_id": client, "client_secret": secret, "scopes": scopes}
    return Begun(str(httpx.URL(f"{base}/oauth/authorize", params=question)), kept)


def finish(
    settings: Mapping[str, str],
    http: httpx.Client,
    *,
    kept: Mapping[str, str],
    callback: str,
    code: str,
    verifier: str,
) -> Tokens:
    base = kept.get("server") or address(settings.get("server", ""))
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier}
    tokens = _tokens(_api(http, base), kept, given, now=_now)
    known = {"server": base, "client_id": kept.get("client_id", ""), **tokens.settings, **_server(http, base, tokens)}
    return Tokens(tokens.secrets, known, tokens.expires_at)


def renew(account: Account) -> Tokens:
    """Mastodon's tokens last; those of Pleroma and Akkoma end, and come with another to renew them by."""
    secrets = account.access.secrets
    if not secrets.get("renewal_token"):
        raise Reconnect("the server gave nothing to renew the token by; connect the account again")
    given = {"grant_type": "refresh_token", "refresh_token": secrets["renewal_token"]}
    known = {**account.settings, "client_secret": secrets.get("client_secret", "")}
    return _tokens(_api(account.access.http, account.api.base), known, given, now=account.access.now)


def _api(http: httpx.Client, base: str) -> Api:
    return Api(http, base, {}, judge(_now))


def _tokens(api: Api, kept: Mapping[str, str], given: Mapping[str, str], *, now: Callable[[], datetime]) -> Tokens:
    app = {"client_id": kept.get("client_id", ""), "client_secret": kept.get("client_secret", "")}
    try:
        answer = mapping(api.read("oauth/token", method="POST", data={**app, **given}).data)
    except (Refused, Reconnect) as error:
        raise Reconnect(f"the server did not sign us in; begin again: {error}") from error
    token = text(answer.get("access_token"))
    if not token:
        raise Reconnect("the server did not sign us in; begin again")
    lasts = count(answer.get("expires_in"))
    return Tokens(
        {
            "token": token,
            "client_secret": app["client_secret"],
            "renewal_token": text(answer.get("refresh_token")),
        },
        {"scopes": text(answer.get("scope")) or kept.get("scopes", "")},
        now() + timedelta(seconds=lasts) if lasts else None,
    )


def _server(http: httpx.Client, base: str, tokens: Tokens) -> dict[str, str]:
    """What later has to be known without asking."""
    account = Account(Access({"server": base}, tokens.secrets, http, _nowhere, _now))
    try:
        most = account.configuration("statuses", "max_characters") or account.instance().get("max_toot_chars")
        return {"software": account.software(), "most_characters": text(most)}
    except NetworkError:
        return {}


def _nowhere(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> Never:
    raise Refused("signing in needs no other connection")
