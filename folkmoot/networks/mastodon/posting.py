"""What is written with the account: posts, answers, files, other words, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.acts import Act, Deletion, Edit, Media, Pending, Publication, Reply, Sent
from folkmoot.networks.errors import NetworkError, Refused, Unsure
from folkmoot.networks.mastodon.account import Account, segment
from folkmoot.networks.mastodon.errors import Gone
from folkmoot.networks.mastodon.parse import is_direct, is_ours, parse_status
from folkmoot.networks.mastodon.reading import POSTS, Reader
from folkmoot.networks.mastodon.reports import is_reports
from folkmoot.networks.payload import Unfit, mapping, mappings, text

VISIBILITIES = ("public", "unlisted", "private", "direct")
SLOW_DOWN = 5.0
_UPLOAD_SECONDS = 120.0
_SKEW = timedelta(minutes=1)
_MOST_LOOKED_THROUGH = 10
_SHORTEST_POLL = 300


class Author:
    def __init__(self, account: Account) -> None:
        self._account = account

    def publish(self, act: Publication, key: str) -> Sent | Pending:
        return self._post(self._published(act), self._uploaded(act.media), key)

    def reply(self, act: Reply, key: str) -> Sent | Pending:
        return self._post(self._answer(act), self._uploaded(act.media), key)

    def finish(self, act: Act, handle: str, key: str) -> Sent | Pending:
        if not isinstance(act, Publication | Reply):
            raise Refused("the server does nothing else that takes long")
        try:
            files = [text(one) for one in json.loads(handle)]
        except (ValueError, TypeError) as error:
            raise Refused("what the server was busy with can't be told any more; send it anew") from error
        return self._post(self._answer(act) if isinstance(act, Reply) else self._published(act), files, key)

    def edit(self, act: Edit) -> Sent:
        """Everything that is not sent along would go: files, warning, poll."""
        status = self._account.status(act.remote_id)
        if not is_ours(status, self._account.home()):
            raise Refused("only the author of a post can change its words")
        changed: dict[str, Any] = {
            "status": self._addressed(act.text, self._named(status)) if status.get("in_reply_to_id") else act.text,
            "spoiler_text": text(status.get("spoiler_text")),
            "sensitive": status.get("sensitive") is True,
            "media_ids": [text(file.get("id")) for file in mappings(status.get("media_attachments"))],
        }
        if language := text(status.get("language")):
            changed["language"] = language
        if poll := mapping(status.get("poll")):
            changed["poll"] = self._kept_poll(poll)
        path = f"api/v1/statuses/{segment(act.remote_id)}"
        return self._sent(mapping(self._account.api.act(path, method="PUT", json=changed).data))

    def delete(self, act: Deletion) -> Sent:
        path = f"api/v1/statuses/{segment(act.remote_id)}"
        try:
            self._account.api.act(path, method="DELETE")
        except Gone:
            try:
                self._account.status(act.remote_id)
            except Gone:
                return Sent(act.remote_id)
            raise _another() from None
        except Refused as error:
            raise _another() from error
        return Sent(act.remote_id)

    def find_own(self, act: Publication | Reply, *, since: datetime) -> Sent | None:
        wanted = self._answer(act) if isinstance(act, Reply) else self._published(act)
        for status in self._own(wanted, since - _SKEW):
            if text(status.get("in_reply_to_id")) == wanted.get("in_reply_to_id", "") and self._says(status, wanted):
                return self._sent(status)
        return None

    def _own(self, wanted: Mapping[str, Any], since: datetime) -> Iterable[Mapping[str, Any]]:
        """Our posts since then, where such a one would be."""
        home = self._account.home()
        if answered := text(wanted.get("in_reply_to_id")):
            try:
                _, below = self._account.context(answered)
            except Gone:
                below = []
            yield from (one for one in below if is_ours(one, home) and not self._before(one, since))
            return
        reader = Reader(self._account)
        path, params = reader.question(home.page, POSTS)
        for _ in range(_MOST_LOOKED_THROUGH):
            page = reader.page(path, params)
            for status in page:
                if self._before(status, since):
                    return
                yield status
            if not page:
                return
            params = {**params, "max_id": text(page[-1].get("id"))}
        raise Unsure("so much was posted since that it can't be told whether this was; look at the account")

    def _before(self, status: Mapping[str, Any], since: datetime) -> bool:
        try:
            return self._account.dates.iso(status.get("created_at")) < since
        except Unfit:
            return False

    def _says(self, status: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        words = _plain(text(wanted.get("status")))
        if _plain(to_text(text(status.get("content")))) == words:
            return True
        try:
            source = self._account.api.read(f"api/v1/statuses/{segment(text(status.get('id')))}/source").data
        except Gone:
            return False
        return _plain(text(mapping(source).get("text"))) == words

    def _published(self, act: Publication) -> dict[str, Any]:
        options = act.options
        visibility = options.get("visibility") or ("direct" if act.place.kind == "direct" else "")
        if visibility and visibility not in VISIBILITIES:
            raise Refused(f"who may see it is one of {', '.join(VISIBILITIES)}")
        words = f"{act.title}\n\n{act.text}" if act.title else act.text
        return _filled(
            status=words,
            visibility=visibility,
            spoiler_text=options.get("warning", ""),
            sensitive=bool(options.get("warning") or options.get("sensitive")),
            language=options.get("language", ""),
            quoted_status_id=options.get("quote", ""),
            poll=_poll(options),
        )

    def _answer(self, act: Reply) -> dict[str, Any]:
        """An answer is seen by those who see what it answers, names whom that named, and keeps its warning."""
        account = self._account
        if is_reports(act.place):
            raise Refused("reports can't be answered; write to the one whom it is about by a private mention")
        answered = account.status(act.parent or act.thread) if act.parent or act.thread else {}
        if answered:
            account.thread(answered)
        named = self._named(answered)
        if act.person:
            named = [account.home().local(act.person), *named]
        visibility = text(answered.get("visibility")) or ("direct" if act.place.kind == "direct" else "")
        return _filled(
            status=self._addressed(act.text, named),
            in_reply_to_id=text(answered.get("id")),
            visibility=visibility if visibility in VISIBILITIES else "",
            spoiler_text=text(answered.get("spoiler_text")),
            sensitive=bool(answered.get("spoiler_text")),
        )

    def _named(self, status: Mapping[str, Any]) -> list[str]:
        """Its author and whom it names, but not us, as this server writes them."""
        people = [mapping(status.get("account")), *mappings(status.get("mentions"))]
        ident = self._account.home().ident
        return [text(one.get("acct")) for one in people if text(one.get("id")) != ident and text(one.get("acct"))]

    def _addressed(self, words: str, named: Sequence[str]) -> str:
        said = {word.strip(".,:;!?()").lower() for word in words.split() if word.startswith("@")}
        missing = [f"@{one}" for one in dict.fromkeys(named) if f"@{one}".lower() not in said]
        return " ".join([*missing, words])

    def _uploaded(self, media: Sequence[Media]) -> list[str]:
        """The server's ids of files; a file that nobody uses is thrown away there, so that silence is no harm."""
        made = []
        for file in media:
            answer = self._account.api.read(
                "api/v2/media",
                method="POST",
                files={"file": (file.name, file.data, file.mime)},
                data={"description": file.alt},
                seconds=_UPLOAD_SECONDS,
            )
            if not (ident := text(mapping(answer.data).get("id"))):
                raise Refused(f"the server did not take the file {file.name}")
            made.append(ident)
        return made

    def _post(self, wanted: Mapping[str, Any], files: Sequence[str], key: str) -> Sent | Pending:
        if not all(self._ready(ident) for ident in files):
            return Pending(json.dumps(list(files)), retry_after=SLOW_DOWN)
        body = {**wanted, "media_ids": list(files)} if files else wanted
        self._account.home()  # asked now, for once it is sent nothing may fail any more
        answer = self._account.api.act("api/v1/statuses", json=body, headers={"Idempotency-Key": key})
        return self._sent(mapping(answer.data))

    def _ready(self, ident: str) -> bool:
        answer = self._account.api.read(f"api/v1/media/{segment(ident)}", plain=True)
        return answer.fetched.status == 200

    def _sent(self, status: Mapping[str, Any]) -> Sent:
        ident = text(status.get("id"))
        if not ident:
            raise Unsure("the server's answer does not say what became of it")
        home = self._account.home()
        place = home.direct if is_direct(status) else home.page
        try:
            seen = parse_status(status, home, place, self._account.thread(status), self._account.dates)
        except (Unfit, NetworkError):
            return Sent(ident, text(status.get("url")))
        return Sent(ident, seen.url, seen)

    def _kept_poll(self, poll: Mapping[str, Any]) -> dict[str, Any]:
        """The same choices keep the votes."""
        left = _SHORTEST_POLL
        if poll.get("expires_at"):
            end = datetime.fromisoformat(text(poll["expires_at"]))
            left = max(left, int((end - self._account.access.now()).total_seconds()))
        choices = [text(choice.get("title")) for choice in mappings(poll.get("options"))]
        return {"options": choices, "expires_in": left, "multiple": poll.get("multiple") is True}


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value or name == "status"}


def _poll(options: Mapping[str, str]) -> dict[str, Any]:
    choices = [choice.strip() for choice in options.get("poll", "").splitlines() if choice.strip()]
    if not choices:
        return {}
    try:
        hours = float(options.get("poll_hours") or 24)
    except ValueError as error:
        raise Refused("say how many hours the poll lasts as a number") from error
    return {
        "options": choices,
        "expires_in": int(hours * 3600),
        "multiple": options.get("poll_multiple") in ("1", "yes"),
    }


def _plain(words: str) -> str:
    return " ".join(words.split())


def _another() -> Refused:
    return Refused("only its author can delete that post; report it, or mute or block the author")
