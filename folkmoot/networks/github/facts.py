"""What GitHub takes, as its documentation says."""

from __future__ import annotations

from folkmoot.networks.base import Limits, Rate

LIMITS = Limits(
    text=65_536,
    title=256,
    media=0,
    as_of="2026-11-01",
    rates=(Rate(80, 60.0), Rate(500, 3600.0)),
)
