"""A workspace's vocabulary as search, intake and pages take it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from folkmoot.lib import bulk
from folkmoot.lib.lemmas import PLAIN, Vocabulary
from folkmoot.lib.lemmas.names import Name, Names, words_of
from folkmoot.lib.lemmas.vocabulary import Group
from folkmoot.understanding.vocabulary.draft import key_of
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import Workspace

TURN = 0x666D0005  # tells this lock from other advisory locks in the same database
KEPT = 200  # workspaces whose vocabulary a process keeps at hand


class Moods:
    """Slang that is said in one mood, found in texts by its listed forms."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        listed = [(Name(entry.spellings), entry.sentiment) for entry in entries]
        self._names = Names(name for name, _mood in listed)
        self._mood = {name.lexeme: mood for name, mood in listed}

    def __bool__(self) -> bool:
        return bool(self._mood)

    def of(self, text: str) -> str:
        """``neg``, ``neu`` or ``pos``; nothing for a text without slang, or with slang of several moods."""
        found = {self._mood[one.name.lexeme] for one in self._names.within(words_of(text))}
        return found.pop() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    vocabulary: Vocabulary
    moods: Moods


_NOTHING = _Known(0, PLAIN, Moods())
_known: dict[int, _Known] = {}


def known(workspace: Workspace) -> Vocabulary:
    """What is in force now. It is read once for each version, which comes with the workspace's own row."""
    return _at(workspace.pk, workspace.vocabulary_version).vocabulary


def moods(workspace_id: int) -> Moods:
    return _at(workspace_id, _version(workspace_id)).moods


def hold(workspace_id: int) -> Vocabulary:
    """What is in force until the caller's transaction ends: whoever changes the vocabulary waits for that.

    So whatever is stored meanwhile is found by the reindexing that follows from the change. The workspace's row itself
    can't be held for this: counting holds it for longer than messages may wait.
    """
    bulk.fetch("SELECT pg_advisory_xact_lock_shared(%s::int, %s::int)", [TURN, workspace_id])
    return _at(workspace_id, _version(workspace_id)).vocabulary


def _version(workspace_id: int) -> int:
    rows = bulk.fetch("SELECT vocabulary_version FROM workspaces_workspace WHERE id = %s::bigint", [workspace_id])
    version: int = rows[0][0]
    return version


def _at(workspace_id: int, version: int) -> _Known:
    if not version:
        return _NOTHING
    found = _known.get(workspace_id)
    if found is None or found.version != version:
        found = _read(workspace_id, version)
        _known.pop(workspace_id, None)
        while len(_known) >= KEPT:
            _known.pop(next(iter(_known)), None)
        _known[workspace_id] = found
    return found


def _read(workspace_id: int, version: int) -> _Known:
    groups, names, told = [], [], []
    for entry in Entry.objects.filter(workspace=workspace_id).order_by("id"):
        if entry.kind == Entry.Kind.NAME:
            names.append(Name(entry.spellings, settled=entry.waits_for_id is None))
        elif entry.forms:
            groups.append(Group(entry.spellings, entry.language))
        if entry.sentiment:
            told.append(entry)
    return _Known(version, Vocabulary(groups, names), Moods(told))


def entries(workspace: Workspace, *, words: str = "", kind: str = "") -> QuerySet[Entry]:
    """Entries that have ``words`` in one of their spellings, meaning or note."""
    found = Entry.objects.filter(workspace=workspace)
    if kind:
        found = found.filter(kind=kind)
    if words.strip():
        said = Q(key__contains=key_of(words)) | Q(meaning__icontains=words) | Q(note__icontains=words)
        found = found.filter(said | Q(forms__icontains=words))
    return found


def reindexing(workspace: Workspace) -> Reindexing | None:
    """What the index is being brought up to, the oldest first."""
    return Reindexing.objects.filter(workspace=workspace, finished_at=None).order_by("id").first()


def slang(workspace_id: int) -> list[Entry]:
    """Slang with what it means and whether it is meant well or badly, for whoever reads messages."""
    found = Entry.objects.filter(workspace=workspace_id, kind=Entry.Kind.SLANG)
    return list(found.exclude(meaning="", sentiment="").order_by("id"))
