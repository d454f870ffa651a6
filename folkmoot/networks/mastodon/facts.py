"""What Mastodon takes, as its documentation says; a server may set other limits."""

from __future__ import annotations

from folkmoot.networks.base import Limits, Rate

LIMITS = Limits(
    text=500,
    media=4,
    media_bytes=16 * 1024 * 1024,
    as_of="2026-08-01",
    rates=(Rate(300, 300.0), Rate(300, 3 * 3600.0)),
)
