"""What a server's people report to its moderators: who reports says it, and the posts that it is about follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.mastodon.parse import Home, parse_person, parse_status
from folkmoot.networks.payload import Dates, Unfit, mapping, mappings, text

REPORTS = "reports"
_MARK = "report/"


def place(home: Home) -> Place:
    return Place(f"{REPORTS}:{home.domain}", f"{home.domain} · {REPORTS}", "feed", f"{home.base}/admin/reports")


def is_reports(where: Place) -> bool:
    return where.remote_id.startswith(f"{REPORTS}:")


def report_of(remote_id: str) -> str:
    """The server's number of a report, empty for what is none."""
    return remote_id.removeprefix(_MARK) if remote_id.startswith(_MARK) else ""


def parse_report(item: Mapping[str, Any], home: Home, where: Place, dates: Dates) -> Iterator[SeenMessage]:
    """A report, and the posts that it names as answers to it. Raises ``Unfit``."""
    ident = text(item.get("id"))
    if not ident:
        raise Unfit("no id")
    thread = f"{_MARK}{ident}"
    about = parse_person(mapping(mapping(item.get("target_account")).get("account")), home)
    rules = [text(rule.get("text")) for rule in mappings(item.get("rules"))]
    parts = [f"{text(item.get('category')) or 'other'}: @{about.handle}", text(item.get("comment")), *rules]
    yield SeenMessage(
        remote_id=thread,
        at=dates.iso(item.get("created_at")),
        author=parse_person(mapping(mapping(item.get("account")).get("account")), home),
        text="\n\n".join(part for part in parts if part),
        kind="post",
        thread=thread,
        url=f"{home.base}/admin/reports/{ident}",
        raw=item,
    )
    for status in mappings(item.get("statuses")):
        said = parse_status(status, home, where, thread, dates)
        yield replace(said, kind="comment", parent=thread)
