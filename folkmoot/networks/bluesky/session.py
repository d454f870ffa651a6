"""One account on Bluesky, or on another server of the AT Protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from folkmoot.networks.acts import Deletion, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Place, gettext_noop
from folkmoot.networks.bluesky.account import Account
from folkmoot.networks.bluesky.jetstream import Stream
from folkmoot.networks.bluesky.moderating import Moderator, verbs
from folkmoot.networks.bluesky.parse import figures, parse_person
from folkmoot.networks.bluesky.posting import Author
from folkmoot.networks.bluesky.reading import SEARCH, Reader, kinds
from folkmoot.networks.bluesky.recalling import recall
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access, Checkup, Kind, Recalled, Right, Tokens
from folkmoot.networks.payload import mapping, mappings, text

_KEPT = timedelta(days=365)
_WHY = gettext_noop(
    "To read, post and moderate. An app password may do all of it but delete the account or read its chats."
)
_NAMELESS = gettext_noop("The account's name does not lead back to it; Bluesky shows it as invalid.")


class BlueskySession:
    def __init__(self, access: Access) -> None:
        self._account = Account(access)
        self._reader = Reader(self._account)
        self._author = Author(self._account)

    def check(self) -> Checkup:
        person = parse_person(self._account.me(anew=True))
        notes = () if person.handle else (_NAMELESS,)
        return Checkup(person, (Right("app password", _WHY, True),), self._account.token_ends, notes)

    def places(self) -> Sequence[Place]:
        own = self._account.page
        lists: list[Mapping[str, object]] = []
        with suppress(Refused):
            lists = mappings(
                mapping(self._account.read("app.bsky.graph.getLists", {"actor": own.remote_id})).get("lists")
            )
        searches = [line.strip() for line in self._account.access.settings.get("searches", "").splitlines()]
        return [
            own,
            *(Place(f"{SEARCH}{line}", line, "feed") for line in dict.fromkeys(searches) if line),
            *(
                Place(text(one.get("uri")), text(one.get("name")) or "list", "feed")
                for one in lists
                if text(one.get("purpose")).endswith("#curatelist") and text(one.get("uri"))
            ),
        ]

    def close(self) -> None:
        """Nothing is held but while streaming."""

    def renew(self) -> Tokens:
        return self._account.renewed()

    def kinds(self, place: Place) -> Sequence[Kind]:
        return kinds(place)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        return self._reader.poll(place, kind, cursor)

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        return self._reader.poll_thread(place, thread, cursor)

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        return Stream(self._account, places, cursor, stopped).batches()

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return recall(self._account, place, cursor, since=since)

    def reply(self, act: Reply, key: str) -> Sent:
        return self._author.reply(act, key)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._author.publish(act, key)

    def delete(self, act: Deletion, key: str) -> Sent:
        return self._author.delete(act)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return verbs(place)

    def moderate(self, act: Moderation, key: str) -> Sent:
        return Moderator(self._account).moderate(act)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        return self._author.find_own(key)

    def keeps_keys_for(self) -> timedelta:
        """As long as the post stands: the key is its name, and a name is given once."""
        return _KEPT

    def measure(self, place: Place, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        wanted = [uri for uri in remote_ids if uri.startswith("at://")]
        return {uri: figures(view) for uri, view in self._account.posts(wanted).items()}
