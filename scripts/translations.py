"""Checks that every string is translated into every language: nothing missing, fuzzy or left over, placeholders equal.

``--write`` brings the .po files up to date with the sources first, for translators to fill in. Needs gettext's
xgettext and msgmerge; without them only what is in the .po files is checked.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import polib
from django.conf import settings
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "folkmoot" / "web" / "locale"
SOURCE_LANGUAGE = "en"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")

Key = tuple[str | None, str]


def languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES if code != SOURCE_LANGUAGE]


def extract() -> dict[Key, polib.POEntry]:
    """The strings that the sources hold now, by context and text."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "folkmoot"
        shutil.copytree(ROOT / "folkmoot", copy, ignore=_not_read)
        target = copy / "web" / "locale"
        (target / SOURCE_LANGUAGE).mkdir(parents=True)
        here = Path.cwd()
        os.chdir(folder)
        settings.LOCALE_PATHS = [str(target)]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                call_command("makemessages", locale=[SOURCE_LANGUAGE], keep_pot=False, verbosity=0)
        finally:
            os.chdir(here)
        return entries(polib.pofile(str(target / SOURCE_LANGUAGE / "LC_MESSAGES" / "django.po")))


def entries(file: polib.POFile) -> dict[Key, polib.POEntry]:
    return {(entry.msgctxt, entry.msgid): entry for entry in file if not entry.obsolete}


def offences(language: str, wanted: dict[Key, polib.POEntry] | None) -> Iterator[str]:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        yield f"{language}: {path.relative_to(ROOT)} is missing"
        return
    file = polib.pofile(str(path))
    there = entries(file)
    if wanted is not None:
        yield from (f"{language}: not there: {key[1]!r}" for key in wanted.keys() - there.keys())
        yield from (f"{language}: no longer used: {key[1]!r}" for key in there.keys() - wanted.keys())
    yield from (f"{language}: obsolete: {entry.msgid!r}" for entry in file.obsolete_entries())
    for entry in there.values():
        yield from _entry_offences(language, entry)


def _entry_offences(language: str, entry: polib.POEntry) -> Iterator[str]:
    if entry.fuzzy:
        yield f"{language}: fuzzy: {entry.msgid!r}"
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not texts or not all(texts):
        yield f"{language}: not translated: {entry.msgid!r}"
        return
    allowed = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural or ""))
    needed = allowed if not entry.msgid_plural else set()
    for text in texts:
        used = set(PLACEHOLDER.findall(text))
        if used - allowed or needed - used:
            yield f"{language}: placeholders differ: {entry.msgid!r} → {text!r}"


def write(wanted: dict[Key, polib.POEntry]) -> None:
    """Adds new strings, empty, and drops those no longer used; what is translated stays."""
    for language in languages():
        path = LOCALE / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        old = polib.pofile(str(path)) if path.exists() else _new(language)
        known = entries(old)
        new = _new(language)
        new.metadata = old.metadata
        for key in sorted(wanted, key=lambda key: (key[1], key[0] or "")):
            new.append(known.get(key) or _empty(wanted[key], language))
        new.save(str(path))


def _new(language: str) -> polib.POFile:
    plurals = {
        "et": "nplurals=2; plural=(n != 1);",
        "pl": "nplurals=4; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : "
        "n!=1 && (n%10<=1 || (n%10>=5 && n%10<=9) || (n%100>=12 && n%100<=14)) ? 2 : 3);",
    }
    slavic = (
        "nplurals=4; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : "
        "n%10==0 || (n%10>=5 && n%10<=9) || (n%100>=11 && n%100<=14) ? 2 : 3);"
    )
    file = polib.POFile(wrapwidth=118)
    file.metadata = {
        "Project-Id-Version": "Folkmoot",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plurals.get(language, slavic),
    }
    return file


def _empty(entry: polib.POEntry, language: str) -> polib.POEntry:
    forms = {"et": 2}.get(language, 4)
    made = polib.POEntry(msgid=entry.msgid, msgctxt=entry.msgctxt, comment=entry.comment, flags=entry.flags)
    made.msgid_plural = entry.msgid_plural
    made.msgstr_plural = dict.fromkeys(range(forms), "") if entry.msgid_plural else {}
    return made


def _not_read(folder: str, names: list[str]) -> set[str]:
    skipped = {"tests", "migrations", "static", "locale", "data", "assets", "__pycache__"}
    return {name for name in names if name in skipped and (Path(folder) / name).is_dir()}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "folkmoot.settings")
    django.setup()
    wanted = extract() if shutil.which("xgettext") and shutil.which("msguniq") else None
    if "--write" in sys.argv and wanted is not None:
        write(wanted)
    found = [line for language in languages() for line in offences(language, wanted)]
    for line in found[:40]:
        print(line)
    if len(found) > 40:
        print(f"… and {len(found) - 40} more")
    if wanted is None:
        print("gettext is not installed: the sources were not compared (apt-get install gettext)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
