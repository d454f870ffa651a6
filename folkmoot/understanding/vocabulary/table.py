"""A vocabulary as a CSV table that spreadsheets open, and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from folkmoot.understanding.vocabulary.draft import Draft, Unfit, listed
from folkmoot.understanding.vocabulary.models import Entry

COLUMNS = ("kind", "word", "language", "forms", "meaning", "sentiment", "note")
MOST_TOLD = 10
MOST_ROWS = 5000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute what begins so


class Unreadable(Exception):
    """It is no table of a vocabulary; the messages, one a line, tell what to change."""


def written(entries: Iterable[Entry]) -> Iterator[str]:
    """The table, line by line."""
    yield _line(COLUMNS)
    for entry in entries:
        cells = (entry.kind, entry.word, entry.language, "; ".join(entry.forms))
        yield _line([*map(_guarded, cells), *map(_guarded, (entry.meaning, entry.sentiment, entry.note))])


def read(raw: bytes) -> list[Draft]:
    """All rows, checked. Raises ``Unreadable`` when one of them is not fit: then nothing is taken."""
    text = _text(raw)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        listed_rows = list(rows)
    except csv.Error as error:
        raise Unreadable(_("Line %(line)d: %(why)s") % {"line": rows.line_num, "why": error}) from error
    if not listed_rows or len(listed_rows) > MOST_ROWS:
        raise Unreadable(_("The table is empty, or has more than %(most)d lines.") % {"most": MOST_ROWS})
    head = [cell.strip().lower() for cell in listed_rows[0]]
    if "word" not in head:
        raise Unreadable(_("The first line must name the columns: %(columns)s.") % {"columns": ", ".join(COLUMNS)})
    return _drafts(head, listed_rows[1:])


def _text(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return raw.decode(encoding)
        except UnicodeError:
            continue
    raise Unreadable(_("The file must be in UTF-8. Choose “CSV UTF-8” when you save it."))


def _drafts(head: list[str], rows: list[list[str]]) -> list[Draft]:
    drafts: list[Draft] = []
    wrong: list[str] = []
    for number, row in enumerate(rows, 2):
        if not any(map(str.strip, row)):
            continue
        cells = {name: _bare(cell.strip()) for name, cell in zip(head, row, strict=False)}
        try:
            drafts.append(_draft(cells).checked())
        except Unfit as error:
            wrong.append(_("Line %(line)d: %(why)s") % {"line": number, "why": error})
    if wrong:
        more = [_("… and %(count)d more.") % {"count": len(wrong) - MOST_TOLD}] if len(wrong) > MOST_TOLD else []
        raise Unreadable("\n".join([*wrong[:MOST_TOLD], *more]))
    return drafts


def _draft(cells: dict[str, str]) -> Draft:
    return Draft(
        cells.get("kind", "").lower() or Entry.Kind.SYNONYMS,
        cells.get("word", ""),
        cells.get("language", "").lower(),
        listed(cells.get("forms", "")),
        cells.get("meaning", ""),
        cells.get("sentiment", "").lower(),
        cells.get("note", ""),
    )


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
