"""Text out of bytes whose encoding nobody states, as old archives hold them."""

from __future__ import annotations

import re


def known(name: str) -> str:
    """The name itself where it is an encoding of text that Python has, or nothing: names come from mails and people."""
    try:
        bytes(4).decode(name, "replace")
    except (LookupError, ValueError):
        return ""
    return name


def decode(data: bytes, preferred: str = "") -> str:
    """UTF-8 where it is that, else ``preferred``, else a guess between Western and Cyrillic code pages."""
    for name in ("utf-8", preferred):
        try:
            return data.decode(name or "utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode(guess(data), "replace")


def guess(data: bytes) -> str:
    """The likeliest code page of what is no UTF-8: letters beyond ASCII stand together in Cyrillic words only.

    KOI8-R has its small letters where cp1251 has its capitals, and there are always more small ones.
    """
    letters = re.findall(rb"[\xc0-\xff]+", data)
    together = b"".join(run for run in letters if len(run) > 2)
    if 2 * len(together) <= sum(map(len, letters)):
        return "cp1252"
    return "koi8-r" if sum(byte < 0xE0 for byte in together) * 2 > len(together) else "cp1251"
