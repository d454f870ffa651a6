"""Which column of a table is which, by the names that programs and people usually give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from folkmoot.networks.base import NO_COLUMN, Option, gettext_noop
from folkmoot.networks.errors import Refused

# Earlier names win; in English, Russian, Ukrainian, Polish and Estonian.
_WORDS: dict[str, str] = {
    "id": "id message_id post_id comment_id msg_id tweet_id status_id uuid guid event_id ид",
    "author_id": (
        "author_id user_id userid authorid from_id sender_id member_id uid id_автора id_пользователя ид_автора "
        "id_користувача id_автора id_autora id_użytkownika kasutaja_id autori_id"
    ),
    "author": (
        "author author_name user username user_name from from_name sender sender_name nick nickname screen_name "
        "display_name real_name member handle login posted_by name автор пользователь отправитель участник имя ник от "
        "користувач відправник учасник ім_я імя нік від autor użytkownik uzytkownik nadawca imię nick od "
        "kasutaja kasutajanimi saatja nimi kellelt"
    ),
    "text": (
        "text message body content message_text full_text comment msg post tweet caption text_plain "
        "текст сообщение комментарий содержание пост повідомлення коментар зміст допис "
        "treść tresc tekst wiadomość wiadomosc komentarz wpis sõnum kommentaar sisu postitus"
    ),
    "date": "date day дата день data dzień dzien kuupäev kuupaev päev",
    "time": (
        "created_at timestamp datetime date_time sent_at posted_at published_at created_time created_utc created ts "
        "published unix_time time_stamp дата_время дата_и_время дата_час дата_і_час data_czas data_i_czas "
        "kuupäev_kellaaeg loodud time время час czas godzina kellaaeg aeg"
    ),
    "thread": (
        "thread_id thread topic_id conversation_id conversation thread_ts root_id discussion_id discussion "
        "id_темы id_теми id_wątku wątek teema_id"
    ),
    "title": "title subject topic headline thread_title заголовок тема tytuł tytul temat pealkiri teema",
    "parent": (
        "parent_id parent reply_to_id reply_to in_reply_to_id in_reply_to in_reply_to_status_id replied_to "
        "reply_to_message_id answer_to ответ_на відповідь_на odpowiedź_na vastus"
    ),
    "kind": "kind message_type type тип вид typ rodzaj tüüp",
    "channel": (
        "channel channel_name room group chat forum subreddit board page канал чат группа комната група кімната "
        "kanał kanal grupa czat grupp jututuba"
    ),
    "url": "url permalink permalink_url link href ссылка посилання odnośnik adres",
    "reactions": (
        "reactions reaction_count reactions_count likes like_count likes_count favorite_count upvotes claps "
        "recommends votes лайки реакции вподобання реакції polubienia reakcje meeldimised reaktsioonid"
    ),
}
NAMES = {field: tuple(words.split()) for field, words in _WORDS.items()}
FIELDS = tuple(NAMES)
# What people are asked, the needed first; ``kind`` is left to those at the command line.
HELD = (
    Option("text", gettext_noop("Text")),
    Option("time", gettext_noop("Time"), gettext_noop("Day and clock, or the clock alone beside a day.")),
    Option("date", gettext_noop("Day")),
    Option("author", gettext_noop("Author's name")),
    Option("author_id", gettext_noop("Author's id")),
    Option("id", gettext_noop("Message's id")),
    Option("thread", gettext_noop("Conversation's id")),
    Option("title", gettext_noop("Title")),
    Option("parent", gettext_noop("Id of the message it answers")),
    Option("channel", gettext_noop("Channel")),
    Option("url", gettext_noop("Address")),
    Option("reactions", gettext_noop("Reactions")),
)
# A column so called holds the clock alone when a date stands beside it.
_CLOCKS = frozenset({"time", "время", "час", "czas", "godzina", "kellaaeg", "aeg"})


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Field to column, as far as the names tell; no column is used for two fields but a title for a missing text."""
    plain: dict[str, str] = {}
    for column in columns:
        plain.setdefault(_plain(column), column)
    found: dict[str, str] = {}
    for field, names in NAMES.items():
        for name in names:
            if name in plain and plain[name] not in found.values():
                found[field] = plain[name]
                break
    _settle_time(found)
    if "text" not in found and "title" in found:
        found["text"] = found["title"]
    return found


def chosen(columns: Iterable[str], options: Mapping[str, str]) -> dict[str, str]:
    """The guess, with the fields that ``options`` names put right. Raises ``Refused`` for a column that isn't there."""
    known = list(columns)
    mapping = guess(known)
    named = {field: options[field] for field in FIELDS if options.get(field)}
    absent = {field for field, column in named.items() if column == NO_COLUMN and column not in known}
    named = {field: column for field, column in named.items() if field not in absent}
    for field, column in named.items():
        if column not in known:
            raise Refused(f"there is no column {column!r} for {field}; there are: {', '.join(known)[:300]}")
    taken = set(named.values())
    kept = {field: column for field, column in mapping.items() if column not in taken and field not in absent}
    if "time" in named and "date" not in named:
        kept.pop("date", None)
    found = kept | named
    if "time" not in found and "date" in found:
        found["time"] = found.pop("date")
    return found


def enough(mapping: Mapping[str, str]) -> bool:
    """With less than these two there is nothing to import."""
    return "text" in mapping and "time" in mapping


def _settle_time(found: dict[str, str]) -> None:
    if "date" not in found:
        return
    if "time" not in found:
        found["time"] = found.pop("date")
    elif _plain(found["time"]) not in _CLOCKS:
        del found["date"]


def _plain(column: str) -> str:
    spaced = re.sub(r"(?<=[a-zа-я])(?=[A-ZА-Я])", "_", column.strip())
    return re.sub(r"\W+", "_", spaced).strip("_").casefold()
