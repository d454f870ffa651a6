"""Saying something as a bot, and changing or deleting it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from folkmoot.networks.acts import Deletion, Edit, Media, Publication, Reply, Sent
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.payload import Unfit, mapping, mappings
from folkmoot.networks.telegram.client import Bot, Gone, Unchanged, WrongKind
from folkmoot.networks.telegram.facts import CAPTION, MEDIA, PHOTO_BYTES, TEXT
from folkmoot.networks.telegram.live_parse import number_of, parse_album, parse_message, said_id, said_number

_UPLOAD_SECONDS = 300.0
_YES = ("1", "yes", "true")


class Author:
    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def reply(self, act: Reply) -> Sent:
        place = act.place.remote_id
        if act.place.kind == "page":
            raise Refused(
                "comments on a channel's posts are in its discussion group: connect that group, and answer there"
            )
        wanted: dict[str, Any] = {"chat_id": number_of(place)}
        if act.parent or (act.thread and act.place.kind == "direct"):
            wanted["reply_parameters"] = {"message_id": said_number(place, act.parent or act.thread)}
        if not act.parent and act.thread and act.place.kind == "chat":
            return self._into_thread(act, wanted)
        return self._say(act.place, _headed(act.title, act.text), act.media, wanted)

    def _into_thread(self, act: Reply, wanted: dict[str, Any]) -> Sent:
        """A thread is a topic of a forum, or all that is said below a post."""
        number = said_number(act.place.remote_id, act.thread)
        words = _headed(act.title, act.text)
        try:
            return self._say(act.place, words, act.media, {**wanted, "message_thread_id": number})
        except Refused as error:
            if "thread not found" not in str(error).lower() and "not a forum" not in str(error).lower():
                raise
        return self._say(act.place, words, act.media, {**wanted, "reply_parameters": {"message_id": number}})

    def publish(self, act: Publication) -> Sent:
        wanted: dict[str, Any] = {"chat_id": number_of(act.place.remote_id)}
        if topic := act.options.get("topic", ""):
            wanted["message_thread_id"] = said_number(act.place.remote_id, topic)
        if act.options.get("silent") in _YES:
            wanted["disable_notification"] = True
        if act.options.get("protect") in _YES:
            wanted["protect_content"] = True
        if choices := [line.strip() for line in act.options.get("poll", "").splitlines() if line.strip()]:
            return self._ask(act, choices, wanted)
        if act.options.get("preview") == "no" and not act.media:
            wanted["link_preview_options"] = {"is_disabled": True}
        return self._say(act.place, _headed(act.title, act.text), act.media, wanted)

    def edit(self, act: Edit) -> Sent:
        place = act.place.remote_id
        wanted = {"chat_id": number_of(place), "message_id": said_number(place, act.remote_id)}
        words = _headed(act.title, act.text)
        try:
            try:
                made = self._bot.act("editMessageText", text=_fitting(words, TEXT), **wanted)
            except WrongKind:
                made = self._bot.act("editMessageCaption", caption=_fitting(words, CAPTION), **wanted)
        except Unchanged:
            return Sent(act.remote_id)
        except WrongKind as error:
            raise Refused("the words of such a message can't be changed") from error
        except Gone as error:
            raise Refused("Telegram has no such message any more, or it is none of the bot's") from error
        return self._sent(act.place, [mapping(made)])

    def delete(self, act: Deletion) -> Sent:
        place = act.place.remote_id
        number = said_number(place, act.remote_id)
        try:
            self._bot.act("deleteMessage", chat_id=number_of(place), message_id=number)
        except Gone:
            return Sent(act.remote_id)
        return Sent(act.remote_id)

    def _ask(self, act: Publication, choices: Sequence[str], wanted: Mapping[str, Any]) -> Sent:
        made = self._bot.act(
            "sendPoll",
            question=_headed(act.title, act.text),
            options=[{"text": choice} for choice in choices],
            is_anonymous=act.options.get("poll_names") not in _YES,
            allows_multiple_answers=act.options.get("poll_multiple") in _YES,
            **wanted,
        )
        return self._sent(act.place, [mapping(made)])

    def _say(self, place: Place, words: str, media: Sequence[Media], wanted: Mapping[str, Any]) -> Sent:
        if not media:
            return self._sent(place, [mapping(self._bot.act("sendMessage", text=_fitting(words, TEXT), **wanted))])
        if len(media) > MEDIA:
            raise Refused(f"Telegram takes {MEDIA} files with one message")
        kinds = _kinds(media)
        # Of a form all values are text
        fields = {key: value if isinstance(value, str) else json.dumps(value) for key, value in wanted.items()}
        caption = _fitting(words, CAPTION)
        if len(media) == 1:
            kind, one = kinds[0], media[0]
            files = {kind: (one.name, one.data, one.mime)}
            method = f"send{kind.capitalize()}"
            made = self._bot.act(method, files=files, seconds=_UPLOAD_SECONDS, caption=caption, **fields)
            return self._sent(place, [mapping(made)])
        listed = [{"type": kind, "media": f"attach://file{n}"} for n, kind in enumerate(kinds)]
        listed[0]["caption"] = caption
        files = {f"file{n}": (one.name, one.data, one.mime) for n, one in enumerate(media)}
        made = self._bot.act("sendMediaGroup", files=files, seconds=_UPLOAD_SECONDS, media=json.dumps(listed), **fields)
        return self._sent(place, mappings(made))

    def _sent(self, place: Place, made: Sequence[Mapping[str, Any]]) -> Sent:
        numbers = [number for one in made if isinstance(number := one.get("message_id"), int)]
        if not numbers:
            raise Unsure("Telegram's answer does not say what became of it")
        ident, home, dates = said_id(place.remote_id, min(numbers)), self._bot.home(), self._bot.dates
        try:
            seen = parse_message(made[0], home, dates) if len(made) == 1 else parse_album(made, home, dates)
        except Unfit:
            return Sent(ident)
        # A channel's post names the channel alone
        return Sent(ident, seen.url, replace(seen, ours=True))


def _headed(title: str, words: str) -> str:
    return f"{title}\n\n{words}" if title and words else title or words


def _fitting(words: str, most: int) -> str:
    """Telegram counts UTF-16 units."""
    if (length := len(words.encode("utf-16-le", "surrogatepass")) // 2) > most:
        pictures = " with pictures" if most == CAPTION else ""
        raise Refused(f"it has {length} characters; Telegram takes {most}{pictures}")
    return words


def _kinds(media: Sequence[Media]) -> list[str]:
    """How each file is sent: an album holds pictures and films, or only files of one other kind."""
    kinds = [_kind(one) for one in media]
    if len(kinds) == 1 or set(kinds) <= {"photo", "video"} or set(kinds) == {"audio"}:
        return kinds
    return ["document"] * len(kinds)


def _kind(one: Media) -> str:
    kind, _, form = one.mime.partition("/")
    if kind == "image" and form in ("jpeg", "png", "webp") and len(one.data) <= PHOTO_BYTES:
        return "photo"
    return {"video/mp4": "video", "audio/mpeg": "audio", "audio/mp4": "audio", "image/gif": "animation"}.get(
        one.mime, "document"
    )
