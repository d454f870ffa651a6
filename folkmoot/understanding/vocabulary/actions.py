"""Everything that changes a workspace's vocabulary.

Each change gives the workspace a new version, by which every process knows at once that it must read the vocabulary
anew, and leaves a ``Reindexing`` behind where words are stored, or moods are read, differently from now on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from folkmoot.lib import bulk
from folkmoot.lib.lemmas import query
from folkmoot.lib.lemmas.lexemes import quoted
from folkmoot.lib.lemmas.names import lexeme_of
from folkmoot.understanding.vocabulary.draft import Draft, Unfit
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.understanding.vocabulary.queries import TURN
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace

MOST_ENTRIES = 2000


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


@transaction.atomic
def save(workspace: Workspace, draft: Draft, *, entry: Entry | None = None, by: User, now: datetime) -> Entry:
    """A new entry, or ``entry`` as it is from now on. Raises ``UnableTo``."""
    _hold(workspace)
    try:
        checked = draft.checked()
    except Unfit as error:
        raise UnableTo(str(error)) from error
    before = _told(entry) if entry else _Told()
    saved = _write(workspace, checked, entry or Entry(workspace=workspace), by=by, now=now)
    _check_count(workspace)
    act = "vocabulary.change" if entry else "vocabulary.add"
    record(workspace, act, by=by, about=f"vocabulary:{saved.pk}", detail={"word": saved.word, "kind": saved.kind})
    _follow(workspace, [(before, _told(saved))], [saved])
    return saved


@transaction.atomic
def delete(entry: Entry, *, by: User) -> None:
    workspace = entry.workspace
    _hold(workspace)
    detail = {"word": entry.word, "kind": entry.kind}
    record(workspace, "vocabulary.delete", by=by, about=f"vocabulary:{entry.pk}", detail=detail)
    before = _told(entry)
    entry.delete()
    _follow(workspace, [(before, _Told())], [])


@transaction.atomic
def put_all(workspace: Workspace, drafts: Sequence[Draft], *, by: User, now: datetime) -> tuple[int, int]:
    """Adds entries and changes those that are there already; how many were added, and changed. Raises ``UnableTo``."""
    _hold(workspace)
    there = {(entry.kind, entry.language, entry.key): entry for entry in Entry.objects.filter(workspace=workspace)}
    changes: list[_Change] = []
    saved: list[Entry] = []
    added = 0
    for draft in drafts:
        entry = there.get((draft.kind, draft.language, draft.key))
        added += entry is None
        before = _told(entry) if entry else _Told()
        one = _write(workspace, draft, entry or Entry(workspace=workspace), by=by, now=now)
        there[one.kind, one.language, one.key] = one
        saved.append(one)
        changes.append((before, _told(one)))
    _check_count(workspace)
    changed = len(drafts) - added
    record(workspace, "vocabulary.import", by=by, detail={"added": added, "changed": changed})
    _follow(workspace, changes, saved)
    return added, changed


def begin(reindexing: Reindexing, total: int) -> None:
    reindexing.total = total
    reindexing.save(update_fields=["total"])


def advance(reindexing: Reindexing, *, done: int, upto: int) -> None:
    reindexing.done += done
    reindexing.upto = upto
    reindexing.save(update_fields=["done", "upto"])


@transaction.atomic
def finish(reindexing: Reindexing, *, now: datetime) -> None:
    """The index knows of its names: from now on they are searched for as they are alone."""
    workspace = Workspace.objects.get(pk=reindexing.workspace_id)
    _hold(workspace)
    reindexing.finished_at = now
    reindexing.save(update_fields=["finished_at"])
    Entry.objects.filter(workspace=workspace, waits_for=reindexing).update(waits_for=None)


def _hold(workspace: Workspace) -> None:
    """Gives a new version, and waits for all who store messages by the old one; one change at a time."""
    Workspace.objects.filter(pk=workspace.pk).update(vocabulary_version=F("vocabulary_version") + 1)
    bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace.pk])
    workspace.refresh_from_db(fields=["vocabulary_version"])


def _write(workspace: Workspace, draft: Draft, entry: Entry, *, by: User, now: datetime) -> Entry:
    entry.kind, entry.word, entry.key, entry.language = draft.kind, draft.word, draft.key, draft.language
    entry.forms = list(draft.forms)
    entry.meaning, entry.sentiment, entry.note = draft.meaning, draft.sentiment, draft.note
    entry.changed_by, entry.changed_at = by, now
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        raise UnableTo(_("“%(word)s” is in the vocabulary already.") % {"word": draft.word}) from error
    return entry


def _check_count(workspace: Workspace) -> None:
    if Entry.objects.filter(workspace=workspace).count() > MOST_ENTRIES:
        raise UnableTo(_("A vocabulary takes at most %(most)d entries.") % {"most": MOST_ENTRIES})


@dataclass(frozen=True, slots=True)
class _Told:
    """The messages in which an entry changes something, as tsqueries: of their stored words, and of their mood."""

    words: str = ""
    moods: str = ""
    sentiment: str = ""


_Change = tuple[_Told, _Told]
"""An entry before and after."""


def _told(entry: Entry) -> _Told:
    spelt = [found for spelling in entry.spellings if (found := query(f'"{spelling}"'))]
    words = [quoted(lexeme_of(entry.word)), *spelt] if entry.kind == Entry.Kind.NAME else []
    return _Told(" | ".join(words), " | ".join(spelt) if entry.sentiment else "", entry.sentiment)


def _follow(workspace: Workspace, changes: Sequence[_Change], entries: Sequence[Entry]) -> None:
    """Orders what older messages need: those with a name are indexed anew, those with a word of a mood stand anew."""
    words = [told.words for change in changes for told in change]
    moods = [told.moods for before, after in changes if before != after for told in (before, after)]
    _order(workspace, words, [entry for entry in entries if entry.kind == Entry.Kind.NAME], moods=False)
    _order(workspace, moods, [entry for entry in entries if entry.sentiment], moods=True)


def _order(workspace: Workspace, wanted: Iterable[str], entries: Sequence[Entry], *, moods: bool) -> None:
    if not (found := " | ".join(dict.fromkeys(filter(None, wanted)))):
        return
    order = Reindexing.objects.create(workspace=workspace, query=found, moods=moods)
    Entry.objects.filter(pk__in=[entry.pk for entry in entries]).update(waits_for=order)
