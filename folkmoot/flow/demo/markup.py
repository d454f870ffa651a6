"""How a forum post looks as HTML and as plain text: paragraphs, a quote of what it answers, a block of code."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from random import Random

CODE = (
    "M104 S210 ; nozzle\nM140 S60  ; bed\nG28\nG29",
    "[heater_bed]\nmax_temp: 110\nmin_temp: 0\ncontrol: pid",
    "def stitch(length: float) -> int:\n    return round(length / STEP) * FEED",
    "$ lumen flash --port /dev/ttyUSB0 firmware.bin\nflashing... done in 14.2 s",
)


@dataclass(frozen=True, slots=True)
class Body:
    text: str
    html: str


def write(words: str, *, quoted: str, rng: Random, technical: bool) -> Body:
    """A post saying ``words``, now and then with a quote of ``quoted``, and with code if it is ``technical``."""
    text, html = words, f"<p>{escape(words)}</p>"
    if quoted and rng.random() < 0.2:
        text = f"> {quoted}\n\n{text}"
        html = f"<blockquote><p>{escape(quoted)}</p></blockquote>\n{html}"
    if technical and rng.random() < 0.2:
        code = rng.choice(CODE)
        text = f"{text}\n\n{code}"
        html = f"{html}\n<pre><code>{escape(code)}</code></pre>"
    return Body(text, html)
