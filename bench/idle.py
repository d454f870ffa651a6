"""What Folkmoot takes when nobody does anything: memory, seconds to start, and bytes to show the inbox."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings
from django.db import connection

from bench import crowd, processes
from bench.figures import Figure
from folkmoot.workspaces.models import Workspace

SETTLED_SECONDS = 8
_ASSET = re.compile(r'(?:href|src)="([^"#?]+\.(?:css|js|svg|png|ico|woff2|webmanifest))')
_FONT = re.compile(r"""url\(["']?([^"')]+\.woff2)""")


def measure(workspace: Workspace, say: Callable[[str], None]) -> list[Figure]:
    with processes.started("up"):
        pass  # the first start may compile and migrate
    with processes.started("up") as running:
        with httpx.Client(base_url=running.address, timeout=30) as client:
            client.cookies.set(settings.SESSION_COOKIE_NAME, crowd.signed_in(workspace, 0))
            weight = _weight(client, f"/w/{workspace.slug}/inbox/")
        connection.close()  # ours is none of theirs
        time.sleep(SETTLED_SECONDS)
        sizes = processes.pss([running.pid, _postmaster()])
    say(f"memory: {sizes}")
    say(f"weight: {weight}")
    counted = {name: size for name, size in weight.items() if not name.endswith(".woff2")}
    return [
        Figure("idle", "memory of everything that runs (PSS)", sum(sizes.values()), "MB", 400, detail=dict(sizes)),
        Figure("idle", "second start to the first page", running.seconds, "s", 5),
        Figure(
            "idle", "inbox: page, styles, scripts, icons", sum(counted.values()) / 1000, "kB", 200, detail=dict(weight)
        ),
        Figure("idle", "inbox with all its fonts (a browser takes some)", sum(weight.values()) / 1000, "kB"),
    ]


def _postmaster() -> int:
    return int((Path(settings.HOME) / "pg" / "postmaster.pid").read_text(encoding="ascii").split()[0])


def _weight(client: httpx.Client, page: str) -> dict[str, int]:
    """Bytes on the wire of a page and of all that it names, compressed as a browser gets them."""
    sizes: dict[str, int] = {}
    waiting = [page]
    while waiting:
        address = waiting.pop()
        text, sizes[address] = _fetched(client, address)
        found = _ASSET.findall(text) if address == page else _FONT.findall(text)
        named = {urljoin(address, each) for each in found}
        waiting += sorted(each for each in named if not urlsplit(each).netloc and each not in sizes)
    return sizes


def _fetched(client: httpx.Client, address: str) -> tuple[str, int]:
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    answer.raise_for_status()
    return _text(answer, raw), len(raw)


def _text(answer: httpx.Response, raw: bytes) -> str:
    """What names further files: pages and styles."""
    if answer.headers.get("content-type", "").partition(";")[0] not in {"text/html", "text/css"}:
        return ""
    return httpx.Response(200, headers=answer.headers, content=raw).text
