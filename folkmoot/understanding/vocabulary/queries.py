"""A workspace's vocabulary as search, intake and pages take it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from folkmoot.lib import bulk
from folkmoot.lib.lemmas import PLAIN, Vocabulary
from folkmoot.lib.lemmas.names import Name
from folkmoot.lib.lemmas.vocabulary import Group
from folkmoot.understanding.vocabulary.draft import key_of
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import Workspace

TURN = 0x666D0005  # tells this lock from other advisory locks in the same database
KEPT = 200  # workspaces whose vocabulary a process keeps at hand

_known: dict[int, tuple[int, Vocabulary]] = {}


def known(workspace: Workspace) -> Vocabulary:
    """What is in force now. It is read once for each version, which comes with the workspace's own row."""
    return _at(workspace.pk, workspace.vocabulary_version)


def hold(workspace_id: int) -> Vocabulary:
    """What is in force until the caller's transaction ends: whoever changes the vocabulary waits for that.

    So whatever is stored meanwhile is found by the reindexing that follows from the change. The workspace's row itself
    can't be held for this: counting holds it for longer than messages may wait.
    """
    bulk.fetch("SELECT pg_advisory_xact_lock_shared(%s::int, %s::int)", [TURN, workspace_id])
    rows = bulk.fetch("SELECT vocabulary_version FROM workspaces_workspace WHERE id = %s::bigint", [workspace_id])
    return _at(workspace_id, rows[0][0])


def _at(workspace_id: int, version: int) -> Vocabulary:
    if not version:
        return PLAIN
    found = _known.get(workspace_id)
    if found is not None and found[0] == version:
        return found[1]
    vocabulary = _read(workspace_id)
    _known.pop(workspace_id, None)
    while len(_known) >= KEPT:
        _known.pop(next(iter(_known)), None)
    _known[workspace_id] = (version, vocabulary)
    return vocabulary


def _read(workspace_id: int) -> Vocabulary:
    groups, names = [], []
    for entry in Entry.objects.filter(workspace=workspace_id).order_by("id"):
        if entry.kind == Entry.Kind.NAME:
            names.append(Name(entry.spellings, settled=entry.waits_for_id is None))
        elif entry.forms:
            groups.append(Group(entry.spellings, entry.language))
    return Vocabulary(groups, names)


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
