"""Gathers text in many languages out of Debian packages: translated interfaces, games' dialogues and fortunes.

Usage: python -m training.languages.collect CACHE. Writes CACHE/texts.tsv (package, language, text); nothing of it is
kept in the repository. Packages and their licences stand in docs/reference/models/language.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import polib

PACKAGES = (
    "mediawiki", "wesnoth-1.16-core", "wesnoth-1.16-data", "wesnoth-1.16-httt", "freeciv-data", "pidgin-data",
    "hexchat-common", "gramps", "gimp-data", "gnucash-common", "minetest-data", "digikam-data",
    "marble-data", "kdenlive-data", "plasma-desktop-data", "evolution-common", "tuxpaint-data", "lmms-common",
    "audacity-data", "nautilus-data", "apt", "aptitude-common", "iso-codes", "libreoffice-l10n-be",
    "libreoffice-l10n-et", "libreoffice-l10n-lv", "fortunes-bg", "fortunes-cs", "fortunes-de", "fortunes-es",
    "fortunes-it", "fortunes-pl", "fortunes-ru",
)  # fmt: skip
LANGUAGES = (
    "en", "ru", "uk", "be", "bg", "mk", "sr", "kk", "pl", "et", "fi", "lv", "lt", "cs", "sk", "sl",
    "hr", "sv", "da", "nb", "de", "nl", "fr", "es", "pt", "it", "ro", "hu", "tr", "ca", "id", "vi",
    "sq", "is", "eo", "af", "eu", "gl", "ga", "cy",
)  # fmt: skip
OTHER_SCRIPTS = {"sr-el", "kk-latn", "be@latin", "ru@latin", "uk@latin", "bg@latin"}
NAMES = {
    "be-tarask": "be",
    "nn": "nb",
    "no": "nb",
    "bs": "hr",
    "sr-ec": "sr",
    "pt-br": "pt",
    "en-gb": "en",
    "sr@latin": "hr",
}
LONGEST = 2000
_CATALOGUE = re.compile(r"/locale/([A-Za-z_@-]+)/LC_MESSAGES/|/([a-z@_-]+)/LC_MESSAGES/")
_MARKUP = re.compile(
    r"<[^<>]*>|\{\{[^{}]*\}\}|\[\[[^\[\]|]*\||[\[\]{}]+|%[-+#0-9.$(\w)]*[a-zA-Z]|\$\w+|https?://\S+|&\w+;|\\n|[\w./-]+/[\w./-]+|\b\w+[_.]\w+\b"
)
_WORDS = re.compile(r"[^\W\d_]+")
_FORTUNE_NAMES = {f"fortunes-{code}": code for code in ("bg", "cs", "de", "es", "it", "pl", "ru")}
_ENCODINGS = ("utf-8", "koi8-r", "iso-8859-2")


def main(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "texts.tsv").open("w", encoding="utf-8") as out:
        for package in PACKAGES:
            folder = _unpacked(package, cache)
            seen: set[tuple[str, str]] = set()
            for language, text in _texts(package, folder):
                plain = " ".join(_MARKUP.sub(" ", unescape(text).replace("&", "").replace("_", "")).split())
                if len(_WORDS.findall(plain)) > 1 and (language, plain) not in seen:
                    seen.add((language, plain))
                    out.write(f"{package}\t{language}\t{plain}\n")


def _unpacked(package: str, cache: Path) -> Path:
    folder = cache / "packages" / package
    if not folder.exists():
        folder.mkdir(parents=True)
        downloads = cache / "downloads"
        downloads.mkdir(exist_ok=True)
        if not any(downloads.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=downloads, check=True, capture_output=True)
        archive = next(iter(downloads.glob(f"{package}_*.deb")))
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        archive.unlink()
    return folder


def _texts(package: str, folder: Path) -> Iterator[tuple[str, str]]:
    if package in _FORTUNE_NAMES:
        yield from _fortunes(folder, _FORTUNE_NAMES[package])
        return
    for path in sorted(folder.rglob("*.mo")):
        found = _CATALOGUE.search(str(path))
        language = _code(found[1] or found[2]) if found else ""
        if language in LANGUAGES:
            yield from ((language, text) for text in _catalogue(path))
    if package == "mediawiki":
        for path in sorted(folder.rglob("i18n/**/*.json")):
            language = _code(path.stem)
            if language in LANGUAGES:
                messages = json.loads(path.read_text(encoding="utf-8"))
                yield from ((language, text) for text in messages.values() if isinstance(text, str))


def _code(name: str) -> str:
    name = name.replace("_", "-").lower()
    return NAMES.get(name, name.partition("-")[0].partition("@")[0] if name not in OTHER_SCRIPTS else "")


def _catalogue(path: Path) -> Iterator[str]:
    """The translations of a compiled catalogue that differ from what they translate."""
    try:
        catalogue = polib.mofile(str(path))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path.name} can't be read: {error}", file=sys.stderr)
        return
    for entry in catalogue:
        for text in (entry.msgstr, *entry.msgstr_plural.values()):
            if text and text != entry.msgid and len(text) < LONGEST:
                yield text


def _fortunes(folder: Path, language: str) -> Iterator[str]:
    for path in sorted(folder.rglob("usr/share/games/fortunes/**/*")):
        if path.is_file() and not path.is_symlink() and path.suffix not in (".dat", ".u8"):
            for text in re.split(r"\n%\n", _decoded(path.read_bytes())):
                yield language, re.sub(r"\n\s*--.*", "", text)


def _decoded(raw: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
