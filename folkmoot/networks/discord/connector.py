"""What DiscordChatExporter writes as JSON and CSV, and the XML of the DISCO research set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from folkmoot.lib.archive import Archive
from folkmoot.networks.base import Batch, Facts, Format, Limits
from folkmoot.networks.batches import backfill
from folkmoot.networks.discord.json_files import JsonFiles
from folkmoot.networks.discord.tables import Tables
from folkmoot.networks.discord.xml_files import XmlFiles
from folkmoot.networks.payload import Dates
from folkmoot.networks.reading import leave_out
from folkmoot.networks.times import zone

_Reader = type[JsonFiles] | type[Tables] | type[XmlFiles]
_READERS: dict[str, _Reader] = {"discord-json": JsonFiles, "discord-csv": Tables, "discord-xml": XmlFiles}


class Discord:
    facts = Facts(
        slug="discord",
        name="Discord",
        icon="brand-discord",
        limits=Limits(text=2000, media=10, as_of="2026-06-01"),
        formats=(
            Format("discord-json", "DiscordChatExporter, JSON", "The best of its formats: with replies and edits"),
            Format("discord-csv", "DiscordChatExporter, CSV", "Dates have no time zone: name it if it is not UTC"),
            Format("discord-xml", "Discord chats in the DISCO research set's XML", "<discord><message>…"),
        ),
    )

    def recognises(self, archive: Archive) -> str | None:
        return next((name for name, reader in _READERS.items() if reader.recognises(archive)), None)

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        source = _READERS[format](archive, Dates(zone(options or {}), datetime.now(UTC)))
        leave_out(archive, source.entries)
        return backfill(
            archive,
            source.entries,
            source.read,
            cursor=cursor,
            nothing="no message of the Discord export could be read; export the channels again with DiscordChatExporter, "
            "as JSON, and choose the files, their folder or a zip of it",
        )
