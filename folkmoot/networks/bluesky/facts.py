"""What Bluesky takes, as its documentation and its lexicons say."""

from __future__ import annotations

from folkmoot.networks.base import Limits, Rate
from folkmoot.networks.bluesky.posting import MOST_PICTURES
from folkmoot.networks.bluesky.wording import MOST_GRAPHEMES

# 5 000 points an hour and 35 000 a day; making a record takes three
LIMITS = Limits(
    text=MOST_GRAPHEMES,
    media=MOST_PICTURES,
    media_bytes=1_000_000,
    as_of="2026-08-01",
    rates=(Rate(1_666, 3600.0), Rate(11_666, 24 * 3600.0)),
)
