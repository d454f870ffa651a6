"""News for open pages, over PostgreSQL's NOTIFY: sent when the transaction commits, never when it rolls back."""

from __future__ import annotations

import json

from folkmoot.lib import bulk

CHANNEL = "folkmoot_news"


def announce(workspace_id: int, kind: str, **detail: int | str) -> None:
    """Tells everybody who has a page of this workspace open that something of ``kind`` happened."""
    payload = json.dumps({"workspace": workspace_id, "kind": kind, **detail})
    bulk.fetch("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
