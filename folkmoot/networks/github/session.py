"""An account at GitHub, by a token of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Place, gettext_noop
from folkmoot.networks.errors import Later, Refused
from folkmoot.networks.github import hearing
from folkmoot.networks.github.client import GitHubApi, moment, repository
from folkmoot.networks.github.moderating import Moderator, verbs
from folkmoot.networks.github.parse import parse_person, parse_place
from folkmoot.networks.github.posting import Author
from folkmoot.networks.github.reading import PAGE, Reader
from folkmoot.networks.live import Access, Answer, Checkup, Hook, Kind, Recalled, Right, Tokens
from folkmoot.networks.payload import mapping, mappings, text

_MEND = gettext_noop("At github.com/settings/tokens open the token, give it the right, and save.")
_RIGHTS = (
    ("repo", ("repo", "public_repo"), gettext_noop("To read and answer in issues and discussions, and moderate"), True),
    ("admin:repo_hook", ("admin:repo_hook", "write:repo_hook"), gettext_noop("To be told news at once"), False),
    ("user", ("user",), gettext_noop("To block people for this account"), False),
    ("admin:org", ("admin:org",), gettext_noop("To block people for an organisation"), False),
)
_MOST_PAGES = 3


class GitHubSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._api = GitHubApi(access)
        self._reader = Reader(self._api)
        self._author = Author(self._api, self._reader)

    def check(self) -> Checkup:
        answer = self._api.read("user")
        me = mapping(answer.data)
        if not text(me.get("login")):
            raise Later("this is no answer of GitHub's; is the address right?", retry_after=300)
        header = answer.headers.get("x-oauth-scopes")
        scopes = {one.strip() for one in header.split(",")} if header else set()
        rights = tuple(
            Right(name, why, bool(scopes & set(any_of)) if scopes else None, needed, _MEND)
            for name, any_of, why, needed in _RIGHTS
        )
        ends = moment(str(answer.headers.get("github-authentication-token-expiration", "")))
        notes = [] if scopes else [gettext_noop("GitHub does not tell what this kind of token may.")]
        notes += [f"GitHub shows this account no {one}: correct the name, or give the token the repository."
                  for one in self._named() if self._repository(one) is None]  # fmt: skip
        return Checkup(parse_person(me), rights, ends, tuple(notes))

    def places(self) -> Sequence[Place]:
        return list(self._places())

    def _places(self) -> Iterator[Place]:
        """Those that were named, else those that the account has to do with."""
        named = self._named()
        yield from (place for one in named if (place := self._repository(one)))
        for page in range(1, 1 if named else _MOST_PAGES + 1):
            items = mappings(self._api.read("user/repos", {"per_page": PAGE, "page": page, "sort": "pushed"}).data)
            yield from (place for one in items if (place := parse_place(one)))
            if len(items) < PAGE:
                return

    def _named(self) -> list[str]:
        return self._access.settings.get("repositories", "").replace(",", " ").split()

    def _repository(self, written: str) -> Place | None:
        """By ``owner/name``, or the address of its page."""
        name = "/".join(written.rstrip("/").removesuffix(".git").split("/")[-2:]).lower()
        with suppress(Refused):
            return parse_place(mapping(self._api.read(repository(Place(name, name))).data))
        return None

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def kinds(self, place: Place) -> Sequence[Kind]:
        return self._reader.kinds(place)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        return self._reader.poll(place, kind, cursor)

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        return self._reader.poll_thread(place, thread, cursor)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return self._reader.recall(place, cursor, since=since)

    def answer(self, hook: Hook) -> Answer:
        return hearing.answer(hook, self._access.secrets.get("hook_secret", ""))

    def hear(self, hook: Hook) -> Sequence[Batch]:
        return hearing.hear(hook, self._api)

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        return hearing.subscribe(self._api, url, places)

    def unsubscribe(self, url: str) -> None:
        hearing.unsubscribe(self._api, url)

    def reply(self, act: Reply, key: str) -> Sent:
        return self._author.reply(act)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._author.publish(act)

    def edit(self, act: Edit, key: str) -> Sent:
        return self._author.edit(act)

    def delete(self, act: Deletion, key: str) -> Sent:
        return self._author.delete(act)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        return self._author.find_own(act, since=since)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return verbs(place)

    def moderate(self, act: Moderation, key: str) -> Sent:
        return Moderator(self._api, self._author).moderate(act)
