"""Reads an archive into a workspace: resumable, cancellable, nothing half-written, the same twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from time import monotonic

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from folkmoot import networks
from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport, Channel
from folkmoot.conversations.record import Written
from folkmoot.flow import intake, news, reading, settling
from folkmoot.lib import bulk
from folkmoot.lib.ahead import ahead
from folkmoot.lib.alive import working_at
from folkmoot.lib.archive import Archive, Unreadable, open_archive
from folkmoot.networks.base import Backfills, Batch, Connector
from folkmoot.networks.errors import Refused

Progress = Callable[[ArchiveImport], None]


SETTLE_EVERY = 50  # batches: the same people come again and again, and their counts are written once for all of these
READ_BESIDE_FROM = 10  # batches: what is smaller is read sooner than another process starts


class UnableToImport(Exception):
    """Nothing could be read; the message tells a person what to do."""


def recognise(archive: Archive, wanted: str = "") -> tuple[Connector, Backfills, str]:
    """Who reads this archive, and as which format. Raises ``UnableToImport``.

    ``wanted`` is a format's name or a connector's slug; without it every connector is asked.
    """
    readers = networks.readers()
    if wanted:
        for connector, form, backfills in readers:
            if wanted == form.name:
                return connector, backfills, form.name
        named = networks.get(wanted)
        if isinstance(named, Backfills):
            found = named.recognises(archive)
            return named, named, found or named.facts.formats[0].name
        known = ", ".join(form.name for _connector, form, _backfills in readers)
        raise UnableToImport(_("There is no format %(name)s. Known are: %(known)s.") % {"name": wanted, "known": known})
    for connector in networks.connectors().values():
        if isinstance(connector, Backfills) and (found := connector.recognises(archive)):
            return connector, connector, found
    raise UnableToImport(_("The format of this archive is not recognised. Name it if you know it, or export it again."))


def run(order: ArchiveImport, progress: Progress | None = None) -> ArchiveImport:
    """Reads the archive to its end, from where an earlier run stopped.

    The outcome is on the row. Raises ``UnableToImport`` when nothing can be read, with the same words on the row.
    """
    with working_at(order.pk) as ours:
        if not ours:
            raise UnableToImport(_("This archive is being imported already. Wait for it, or cancel it first."))
        try:
            finished = _from_archive(order, progress)
        except (Unreadable, Refused, UnableToImport, actions.UnableTo) as error:
            actions.end(order, ArchiveImport.State.FAILED, error=str(error), now=timezone.now())
            raise UnableToImport(str(error)) from error
        intake.consider_past(order.workspace_id)
        analytics.count(order.workspace_id)
        state = ArchiveImport.State.DONE if finished else ArchiveImport.State.CANCELLED
        actions.end(order, state, now=timezone.now())
    if order.uploaded and finished:
        _forget_upload(Path(order.path))
    news.announce(order.workspace_id, "import", id=order.pk)
    reading.read(order.workspace_id)  # what is not read beside; the import is done without it
    analytics.count(order.workspace_id)
    return order


def _from_archive(order: ArchiveImport, progress: Progress | None) -> bool:
    with open_archive(Path(order.path)) as archive:
        connector, backfills, form = recognise(archive, order.format)
        actions.begin(order, format=form, bytes_total=archive.total_bytes)
        finished = _read(order, archive, connector.facts.slug, backfills, progress)
    if finished and not order.messages_seen and not order.activities_new:
        raise UnableToImport(_nothing(order))
    return finished


def _nothing(order: ArchiveImport) -> str:
    reasons = ", ".join(f"{reason} ({entry['count']})" for reason, entry in order.skipped.items())
    if reasons:
        return _("Nothing in this archive could be read: %(reasons)s.") % {"reasons": reasons}
    return _("There is nothing in this archive.")


def _forget_upload(path: Path) -> None:
    """An uploaded archive is not kept once it is read; nor is the folder made for it."""
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def _read(
    order: ArchiveImport, archive: Archive, network: str, backfills: Backfills, progress: Progress | None
) -> bool:
    """True at the end of the archive, False when cancelled."""
    places: dict[str, Channel] = {}
    clock = monotonic()
    batches = backfills.backfill(archive, format=order.format, cursor=order.cursor, options=order.options)
    with (
        ahead(_looked_up(batches, order, archive)) as coming,
        settling.Beside() as beside,
        reading.Beside(order.workspace) as reader,
    ):
        for number, (batch, words, bytes_read) in enumerate(coming, 1):
            channel = _channel(order, network, batch, places)
            with transaction.atomic():
                bulk.write_behind()
                counts = _store(channel, batch, words)
                seconds, clock = monotonic() - clock, monotonic()
                go_on = actions.advance(
                    order,
                    cursor=batch.cursor,
                    bytes_read=bytes_read,
                    counts=counts,
                    skipped=batch.skipped,
                    seconds=seconds,
                )
                news.announce(order.workspace_id, "import", id=order.pk)
            if number % SETTLE_EVERY == 0:
                beside.settle(order.workspace_id)
            if number == READ_BESIDE_FROM:
                reader.begin()
            if progress:
                progress(order)
            if not go_on:
                return False
        beside.finish()
        reader.finish()
    return True


def _looked_up(
    batches: Iterable[Batch], order: ArchiveImport, archive: Archive
) -> Iterator[tuple[Batch, dict[str, Written], int]]:
    """Batches with their words and how much of the archive is read by then; of an archive that was read before, only
    what turns out to be new is looked up."""
    for batch in batches:
        again = order.messages_seen and not order.messages_new
        yield batch, {} if again else intake.look_up(batch), min(archive.read_bytes, archive.total_bytes)


def _channel(order: ArchiveImport, network: str, batch: Batch, places: dict[str, Channel]) -> Channel | None:
    if batch.place is None:
        return None
    if batch.place.remote_id not in places:
        places[batch.place.remote_id] = actions.channel_for(order.workspace, network, batch.place)
    return places[batch.place.remote_id]


def _store(channel: Channel | None, batch: Batch, words: Mapping[str, Written]) -> dict[str, int]:
    if channel is None:
        return {}
    received = intake.receive(channel, batch, now=timezone.now(), past=True, words=words)
    return {
        "messages_new": received.messages_new,
        "messages_seen": received.messages_seen,
        "conversations_new": received.conversations_new,
        "members_new": received.members_new,
        "activities_new": received.activities_new,
    }
