"""Text out of bytes whose encoding nobody states, as old archives hold them."""

from __future__ import annotations


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
    return data.decode(_guess(data), "replace")


def _guess(data: bytes) -> str:
    """Cyrillic text is nearly all high bytes, Western text has a few.

    KOI8-R has its small letters where cp1251 has its capitals, and there are always more small ones.
    """
    capitals = sum(0xC0 <= byte < 0xE0 for byte in data)
    small = sum(byte >= 0xE0 for byte in data)
    latin = sum(65 <= byte < 91 or 97 <= byte < 123 for byte in data)
    if capitals + small <= latin:
        return "cp1252"
    return "koi8-r" if capitals > small else "cp1251"
