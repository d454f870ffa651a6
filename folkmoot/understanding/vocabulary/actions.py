"""Everything that changes a workspace's vocabulary.

Each change gives the workspace a new version, by which every process knows at once that it must read the vocabulary
anew, and leaves a ``Reindexing`` behind where words are stored differently from now on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    before = _stored(entry) if entry else ""
    saved = _write(workspace, checked, entry or Entry(workspace=workspace), by=by, now=now)
    _check_count(workspace)
    act = "vocabulary.change" if entry else "vocabulary.add"
    record(workspace, act, by=by, about=f"vocabulary:{saved.pk}", detail={"word": saved.word, "kind": saved.kind})
    _reindex(workspace, [before, _stored(saved)], [saved])
    return saved


@transaction.atomic
def delete(entry: Entry, *, by: User) -> None:
    workspace = entry.workspace
    _hold(workspace)
    detail = {"word": entry.word, "kind": entry.kind}
    record(workspace, "vocabulary.delete", by=by, about=f"vocabulary:{entry.pk}", detail=detail)
    stored = _stored(entry)
    entry.delete()
    _reindex(workspace, [stored], [])


@transaction.atomic
def put_all(workspace: Workspace, drafts: Sequence[Draft], *, by: User, now: datetime) -> tuple[int, int]:
    """Adds entries and changes those that are there already; how many were added, and changed. Raises ``UnableTo``."""
    _hold(workspace)
    there = {(entry.kind, entry.language, entry.key): entry for entry in Entry.objects.filter(workspace=workspace)}
    stored: list[str] = []
    saved: list[Entry] = []
    added = 0
    for draft in drafts:
        entry = there.get((draft.kind, draft.language, draft.key))
        added += entry is None
        stored += [_stored(entry)] if entry else []
        one = _write(workspace, draft, entry or Entry(workspace=workspace), by=by, now=now)
        there[one.kind, one.language, one.key] = one
        saved.append(one)
        stored.append(_stored(one))
    _check_count(workspace)
    changed = len(drafts) - added
    record(workspace, "vocabulary.import", by=by, detail={"added": added, "changed": changed})
    _reindex(workspace, stored, saved)
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


def _stored(entry: Entry) -> str:
    """A tsquery of the messages whose stored words this entry touches, before and after; empty for none."""
    if entry.kind != Entry.Kind.NAME:
        return ""
    spelt = [query(f'"{spelling}"') for spelling in entry.spellings]
    return " | ".join([quoted(lexeme_of(entry.word)), *(one for one in spelt if one)])


def _reindex(workspace: Workspace, stored: Iterable[str], entries: Sequence[Entry]) -> None:
    wanted = " | ".join(dict.fromkeys(filter(None, stored)))
    if not wanted:
        return
    order = Reindexing.objects.create(workspace=workspace, query=wanted)
    names = [entry.pk for entry in entries if entry.kind == Entry.Kind.NAME]
    Entry.objects.filter(pk__in=names).update(waits_for=order)
