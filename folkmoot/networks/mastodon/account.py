"""An account at a server: how it is asked, who we are there, and what the server is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from folkmoot.networks.api import Api
from folkmoot.networks.errors import Later, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.mastodon.errors import Gone, judge
from folkmoot.networks.mastodon.parse import Home, parse_person
from folkmoot.networks.payload import Dates, mapping, mappings, text

_MOST_THREADS = 20_000
_UTC = ZoneInfo("UTC")
NOT_UNDERSTOOD = "the server answered in a way that is not Mastodon's; is the address right?"


def address(written: str) -> str:
    """The server's address out of what a person wrote: ``example.social``, an address, or ``@name@example.social``."""
    bare = written.strip().rstrip("/")
    bare = bare if "://" in bare else f"https://{bare.rpartition('@')[2]}"
    try:
        url = httpx.URL(bare)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused("give the address of the server, such as https://mastodon.social") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused("give the address of the server, such as https://mastodon.social")
    return f"{url.scheme}://{url.netloc.decode()}"


class Account:
    """One account; what the server says of it and of itself is asked once."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.settings = access.settings
        self._me: Mapping[str, Any] = {}
        self._instance: Mapping[str, Any] = {}
        self._threads: dict[str, str] = {}
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            token = self.access.secrets.get("token", "")
            base = address(self.settings.get("server", ""))
            self._api = Api(
                self.access.http, base, {"Authorization": f"Bearer {token}"}, judge(self.access.now), self.access.now
            )
        return self._api

    @property
    def dates(self) -> Dates:
        return Dates(_UTC, self.access.now())

    def me(self, *, anew: bool = False) -> Mapping[str, Any]:
        if anew or not self._me:
            found = mapping(self.api.read("api/v1/accounts/verify_credentials").data)
            if not text(found.get("id")) or not text(found.get("username")):
                raise Later(NOT_UNDERSTOOD, retry_after=300)
            self._me = found
        return self._me

    def instance(self) -> Mapping[str, Any]:
        """What the server says of itself, by the second version of its API where it has that."""
        if not self._instance:
            try:
                found = self.api.read("api/v2/instance").data
            except Gone:
                found = self.api.read("api/v1/instance").data
            if not isinstance(found, dict) or not text(found.get("version")):
                raise Later(NOT_UNDERSTOOD, retry_after=300)
            self._instance = found
        return self._instance

    def home(self) -> Home:
        instance, me = self.instance(), self.me()
        domain = text(instance.get("domain")) or text(instance.get("uri"))
        domain = domain.rpartition("://")[2].strip("/").lower() or httpx.URL(self.api.base).netloc.decode()
        home = Home(self.api.base, domain, text(me.get("id")), f"{text(me.get('username'))}@{domain}")
        return Home(home.base, home.domain, home.ident, home.handle, parse_person(me, home).name)

    def software(self) -> str:
        """What runs the server: "Mastodon", or the name that a relative gives itself."""
        version = text(self.instance().get("version"))
        if "compatible;" in version:
            return version.partition("compatible;")[2].strip(" )").partition(" ")[0]
        return "GoToSocial" if "gotosocial" in text(self.instance().get("source_url")).lower() else "Mastodon"

    def configuration(self, *names: str) -> Any:
        """A value of the server's configuration, None where it does not tell."""
        found: Any = mapping(self.instance().get("configuration"))
        for name in names:
            found = mapping(found).get(name)
        return found

    def status(self, ident: str) -> Mapping[str, Any]:
        """Raises ``Gone``."""
        found = mapping(self.api.read(f"api/v1/statuses/{segment(ident)}").data)
        if not text(found.get("id")):
            raise Later(NOT_UNDERSTOOD, retry_after=60)
        return found

    def context(self, ident: str) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """What is before a post in its thread, oldest first, and what is below it. Raises ``Gone``."""
        found = mapping(self.api.read(f"api/v1/statuses/{segment(ident)}/context").data)
        before, below = mappings(found.get("ancestors")), mappings(found.get("descendants"))
        first = text(before[0].get("id")) if before else ident
        for one in (*before, *below):
            self.remember(text(one.get("id")), first)
        self.remember(ident, first)
        return before, below

    def thread(self, status: Mapping[str, Any]) -> str:
        """The id of the first post of a post's conversation that this account can see."""
        ident, answered = text(status.get("id")), text(status.get("in_reply_to_id"))
        if not answered:
            self.remember(ident, ident)
        elif known := self._threads.get(ident) or self._threads.get(answered):
            self.remember(ident, known)
        else:
            try:
                self.context(ident)
            except Gone:
                self.remember(ident, answered)
        return self._threads[ident]

    def remember(self, ident: str, thread: str) -> None:
        if len(self._threads) >= _MOST_THREADS:
            self._threads.pop(next(iter(self._threads)))
        self._threads[ident] = thread

    def ident_of(self, person: str) -> str:
        """The server's id of somebody known by ``name@server``. Raises ``Gone``."""
        found = self.api.read("api/v1/accounts/lookup", {"acct": self.home().local(person)}).data
        if ident := text(mapping(found).get("id")):
            return ident
        raise Gone("the server does not know that account")


def segment(ident: str) -> str:
    """An id as part of a path."""
    if not ident or not all(letter.isalnum() or letter in "-_" for letter in ident):
        raise Gone("there is no post of such a kind at the server")
    return ident
