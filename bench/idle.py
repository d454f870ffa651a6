"""What Folkmoot takes when nobody does anything: memory, seconds to start, and bytes to show the inbox."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings

from bench import crowd, processes
from bench.figures import Figure
from folkmoot.workspaces.models import Workspace

SETTLED_SECONDS = 8
_ASSET = re.compile(r'(?:href|src)="([^"#?]+\.(?:css|js|svg|png|ico|woff2|webmanifest))')


def measure(workspace: Workspace, say: Callable[[str], None]) -> list[Figure]:
    with processes.started("up"):
        pass  # the first start may compile and migrate
    with processes.started("up") as running:
        with httpx.Client(base_url=running.address, timeout=30) as client:
            client.cookies.set(settings.SESSION_COOKIE_NAME, crowd.signed_in(workspace, 0))
            weight = _weight(client, f"/w/{workspace.slug}/inbox/")
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
        Figure("idle", "inbox with its fonts", sum(weight.values()) / 1000, "kB"),
    ]


def _postmaster() -> int:
    return int((Path(settings.HOME) / "pg" / "postmaster.pid").read_text(encoding="ascii").split()[0])


def _weight(client: httpx.Client, page: str) -> dict[str, int]:
    """Bytes on the wire of a page and of all that it names, compressed as a browser gets them."""
    sizes = {}
    html, sizes[page] = _fetched(client, page)
    addresses = {urljoin(page, found) for found in _ASSET.findall(html)}
    for address in sorted(addresses):
        if not urlsplit(address).netloc:
            _nothing, sizes[address] = _fetched(client, address)
    return sizes


def _fetched(client: httpx.Client, address: str) -> tuple[str, int]:
    with client.stream("GET", address, headers={"Accept-Encoding": "br, gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    answer.raise_for_status()
    return _text(answer, raw), len(raw)


def _text(answer: httpx.Response, raw: bytes) -> str:
    if "html" not in answer.headers.get("content-type", ""):
        return ""
    return httpx.Response(200, headers=answer.headers, content=raw).text
