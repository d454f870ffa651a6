"""What Slack takes, as its documentation says."""

from __future__ import annotations

from folkmoot.networks.base import Limits, Rate

LIMITS = Limits(
    text=40_000,
    media=10,
    media_bytes=1024 * 1024 * 1024,
    as_of="2026-11-01",
    rates=(Rate(1, 1.0, each="place"), Rate(300, 60.0)),
)
