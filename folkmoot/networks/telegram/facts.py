"""What the Bot API takes, as its documentation says."""

from __future__ import annotations

from folkmoot.networks.base import Limits, Rate

TEXT = 4096
CAPTION = 1024
MEDIA = 10
PHOTO_BYTES = 10 * 1024 * 1024

LIMITS = Limits(
    text=TEXT,
    media=MEDIA,
    media_bytes=50 * 1024 * 1024,
    as_of="2026-11-01",
    rates=(Rate(30, 1.0), Rate(20, 60.0, each="place"), Rate(1, 1.0, each="place")),
)
