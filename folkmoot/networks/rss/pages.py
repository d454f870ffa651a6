"""Pages that name their feeds, as browsers find them."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

from folkmoot.networks.payload import web_address

_LINK = re.compile(r"<(?:link|a)\b[^<>]*>", re.I)
_ATTRIBUTE = re.compile(r"""\b(rel|type|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json"}
_LONGEST = 500_000


def feeds_of(body: bytes, address: str) -> list[str]:
    """Addresses of the feeds that a page names, the one it puts first being the main one."""
    found = []
    for tag in _LINK.finditer(body[:_LONGEST].decode("utf-8", "replace")):
        told = {name.lower(): unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag[0])}
        if "alternate" in told.get("rel", "").lower().split() and told.get("type", "").lower().strip() in _TYPES:
            found.append(web_address(urljoin(address, told.get("href", ""))))
    return [url for url in dict.fromkeys(found) if url]
