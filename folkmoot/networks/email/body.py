"""What a mail says in its body: the writer's own words, and what is attached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, AttachmentKind
from folkmoot.networks.email.headers import readable
from folkmoot.networks.encodings import decode, known

_GUESSED = ("", "ascii", "us-ascii", "iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252")
_KINDS: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}
_SIGNATURE = re.compile(r"^-- ?$", re.M)
_FOOTER = re.compile(r"^_{20,}\n.*?(?:mailing list|lists?@|/listinfo/|unsubscribe).*", re.M | re.S | re.I)
_ORIGINAL = re.compile(
    r"^-{3,} ?(?:Original Message|Ursprüngliche Nachricht|Исходное сообщение|Пересылаемое сообщение|"
    r"Wiadomość oryginalna|Вихідне повідомлення|Algne kiri) ?-{3,}$",
    re.M | re.I,
)
_SCRUBBED = re.compile(r"^-{8,} next part -{8,}\n(.*?)(?=^-{8,} next part|\Z)", re.M | re.S)
_SCRUBBED_FACTS = re.compile(r"^(Name|Type|Size|URL): ?(.*)$", re.M)
_WROTE = re.compile(
    r"(?:wrote|writes|said|schrieb|пишет|писал(?:а|\(а\))?|написал(?:а|\(а\))?|пише|написав|писав|pisze|napisał\S*|"
    r"kirjutas|écrit|escribió|ha scritto|schreef)\b.*[:：]\s*$|<?\S+@\S+>?.*:\s*$|<?\S+ at \S+>?.*:\s*$",
    re.I,
)
_LONGEST_FOOTER, _LONGEST_ATTRIBUTION = 4_000, 300
_BEGUN = re.compile(r"(?:On|Am|Le|El|Il|Op|W dniu|Dnia|В|У|Во|Kuupäeval)\s.*\d")


def contents(mail: Message) -> tuple[str, str, tuple[Attachment, ...]]:
    """Text, HTML where there is nothing but HTML, and attachments."""
    plain: list[str] = []
    html: list[str] = []
    attached: list[Attachment] = []
    for part in _leaves(mail):
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and not _is_attached(part):
            (plain if kind == "text/plain" else html).append(_text(part))
        elif part.get_content_maintype() != "multipart":
            attached.append(_attachment(part))
    text = "\n\n".join(part.strip("\n") for part in plain if part.strip())
    text, scrubbed = _without_scrubbed(text)
    attached += scrubbed
    if text or not html:
        return own_words(text), "", tuple(attached)
    markup = "\n".join(html)
    return own_words(to_text(markup)), markup, tuple(attached)


def own_words(text: str) -> str:
    """The text without what follows the writer's words: list footer, signature, the quoted mail at the end.

    Quotes between the writer's lines stay, and where nothing but quotes were left everything stays.
    """
    text = "\n".join(text.replace("\r\n", "\n").replace("\0", "").split("\r")).strip("\n")
    end = max(len(text) - _LONGEST_FOOTER, 0)
    shortened = text[:end] + _FOOTER.sub("", text[end:])
    for cut in (_ORIGINAL, _SIGNATURE):
        if found := cut.search(shortened):
            shortened = shortened[: found.start()]
    lines = _without_quoted_end(shortened.rstrip().split("\n"))
    return "\n".join(lines).strip() or text.strip()


def _without_quoted_end(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    if end == len(lines):
        return lines
    return lines[: end - _attribution(lines[:end])]


def _attribution(lines: list[str]) -> int:
    """How many lines at the end say who is quoted: "On Monday Ann wrote:", perhaps broken over two."""
    if not lines or len(lines[-1]) > _LONGEST_ATTRIBUTION:
        return 0
    if not _WROTE.search(lines[-1]):
        joined = " ".join(line[:_LONGEST_ATTRIBUTION] for line in lines[-2:])
        return 2 if len(lines) > 1 and _BEGUN.match(joined) and _WROTE.search(joined) else 0
    return 2 if len(lines) > 1 and (lines[-1].startswith("<") or _BEGUN.match(lines[-2])) else 1


def _leaves(mail: Message) -> Iterator[Message]:
    """Parts that hold something, without looking into mails attached to the mail."""
    if mail.is_multipart() and mail.get_content_maintype() == "multipart":
        for part in mail.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part)
    else:
        yield mail


def _is_attached(part: Message) -> bool:
    return str(part.get("Content-Disposition") or "").strip().lower().startswith("attachment")


def _text(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = _charset(part)
    if charset in _GUESSED:
        return decode(data, charset)
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return decode(data)


def _charset(part: Message) -> str:
    try:
        return known(part.get_content_charset() or "")
    except (LookupError, ValueError):
        return ""


def _attachment(part: Message) -> Attachment:
    try:
        name = readable(part.get_filename() or "")
    except (LookupError, ValueError):
        name = ""
    mime = part.get_content_type().encode("ascii", "replace").decode()
    payload = part.get_payload()
    size = len(payload) if isinstance(payload, str) else None
    if size is not None and str(part.get("Content-Transfer-Encoding") or "").lower() == "base64":
        size = size * 3 // 4
    return Attachment(_KINDS.get(part.get_content_maintype(), "file"), name=name[:255], mime=mime, size=size)


def _without_scrubbed(text: str) -> tuple[str, list[Attachment]]:
    """List archives move attachments out and leave a note of each."""
    notes = [dict(_SCRUBBED_FACTS.findall(found[1])) for found in _SCRUBBED.finditer(text)]
    attached = []
    for note in notes:
        url = note.get("URL", "").strip(" <>")
        if url:
            mime = note.get("Type", "").strip()
            kind = _KINDS.get(mime.partition("/")[0], "file")
            attached.append(Attachment(kind, url=url, name=note.get("Name", "").strip()[:255], mime=mime))
    return (_SCRUBBED.sub("", text) if attached else text), attached
