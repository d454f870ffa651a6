"""What comes into a mailbox, and what is sent from it by whichever program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from folkmoot.networks.base import Batch, Place, Seen, Skipped
from folkmoot.networks.email.account import Account
from folkmoot.networks.email.imap import Mail, Mailbox, mailbox
from folkmoot.networks.email.live_parse import seen
from folkmoot.networks.live import Access, Recalled
from folkmoot.networks.payload import count, mapping, text

INBOX = "INBOX"
_AT_ONCE = 50
_WAIT = 25.0
_A_DAY = timedelta(days=1)


class Step(NamedTuple):
    """Cursors before and behind a handful of mails, and whether more are there."""

    before: str
    after: str
    more: bool


class Listening:
    def __init__(self, access: Access) -> None:
        self._access = access

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        account = Account.read(self._access)
        with mailbox(account) as box:
            folders = _folders(box)
            state = _State(cursor)
            while not stopped():
                # The inbox last: it stays open while we wait
                for folder in reversed(folders):
                    yield from self._news(box, folder, state, places, account)
                yield Batch(None, [], str(state), more=False)
                box.idle(_WAIT, stopped)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        account, state = Account.read(self._access), _read(cursor)
        number, below = count(state.get("folder")) or 0, count(state.get("below"))
        with mailbox(account) as box:
            folders = _folders(box)
            if number >= len(folders):
                return Recalled(Batch(place, [], cursor, more=False), 1.0)
            box.enter(folders[number])
            every = box.since(since - _A_DAY)
            left = [uid for uid in every if below is None or uid < below]
            mails = box.mails(left[-_AT_ONCE:])
        last = len(left) <= _AT_ONCE
        ahead = {"folder": number + 1} if last else {"folder": number, "below": left[-_AT_ONCE]}
        more = not (last and number + 1 == len(folders))
        [batch] = self._batches(mails, [place], account, Step("", json.dumps(ahead), more))
        done = 1.0 if last else 1 - (len(left) - _AT_ONCE) / len(every)
        return Recalled(batch, (number + done) / len(folders))

    def _belongs(self, mail: Mail, places: Sequence[Place], account: Account) -> Place | None:
        """To which of the connected places a mail belongs."""
        return next(iter(places), None)

    def _news(
        self, box: Mailbox, folder: str, state: _State, places: Sequence[Place], account: Account
    ) -> Iterator[Batch]:
        validity, following = box.stand(folder)
        box.enter(folder)
        known, last = state.known(folder)
        if known is None:
            state.note(folder, validity, following - 1, self._access.now())
            return
        anew = known != validity  # the server counts anew: by date, what came since we last looked
        new = box.since(state.looked(folder, self._access.now()) - _A_DAY) if anew else box.behind(last)
        for start in range(0, len(new), _AT_ONCE):
            uids = new[start : start + _AT_ONCE]
            mails = box.mails(uids)
            before, more = str(state), start + _AT_ONCE < len(new)
            if not (more and anew):
                state.note(folder, validity, uids[-1] if more else max(following - 1, uids[-1]), self._access.now())
            yield from self._batches(mails, places, account, Step(before, str(state), more))
        if not new:
            state.note(folder, validity, following - 1 if anew else last, self._access.now())

    def _batches(self, mails: Sequence[Mail], places: Sequence[Place], account: Account, step: Step) -> Iterator[Batch]:
        """What mails say, by place; only the last batch goes on behind them all."""
        found: dict[Place, list[Seen]] = {}
        skipped: list[Skipped] = []
        for mail in mails:
            place = self._belongs(mail, places, account)
            if place is None:
                continue
            what = seen(mail.raw, place, account.own, received=mail.received, now=self._access.now())
            if isinstance(what, Skipped):
                skipped.append(Skipped(what.reason, where=f"{place.remote_id}, mail {mail.uid}"))
            else:
                found.setdefault(place, []).append(what)
        groups: list[tuple[Place | None, list[Seen]]] = [*found.items()] or [(None, [])]
        for index, (group, messages) in enumerate(groups, 1):
            last = index == len(groups)
            left_out = tuple(skipped) if index == 1 else ()
            yield Batch(group, messages, step.after if last else step.before, step.more or not last, left_out)


class _State:
    """The cursor: for each folder what its numbers are counted by, the last one seen, and the day on which."""

    def __init__(self, cursor: str) -> None:
        self._folders: dict[str, Mapping[str, object]] = {
            name: mapping(value) for name, value in _read(cursor).items() if mapping(value)
        }

    def __str__(self) -> str:
        return json.dumps(self._folders, ensure_ascii=False)

    def known(self, folder: str) -> tuple[int | None, int]:
        noted = self._folders.get(folder, {})
        return count(noted.get("validity")), count(noted.get("last")) or 0

    def looked(self, folder: str, now: datetime) -> datetime:
        try:
            return datetime.fromisoformat(text(self._folders.get(folder, {}).get("day"))).replace(tzinfo=UTC)
        except ValueError:
            return now

    def note(self, folder: str, validity: int, last: int, now: datetime) -> None:
        self._folders[folder] = {"validity": validity, "last": last, "day": now.date().isoformat()}


def _folders(box: Mailbox) -> list[str]:
    sent = box.folder("sent", "sent", "sent items", "sent messages")
    return [INBOX, *([sent] if sent else [])]


def _read(cursor: str) -> Mapping[str, object]:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}
