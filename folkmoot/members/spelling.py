"""One spelling for names in Latin and Cyrillic letters, worked out by the database.

It is coarse on purpose, for finding and never for telling two people apart: "Юлия", "Yuliya" and "Julia" read the
same, as do "Szymon" and "Шимон". Marks over letters are dropped.
"""

from __future__ import annotations

from django.db.models import CharField, Expression, F, Func, TextField, Value
from django.db.models.functions import Cast, Concat, Lower, Replace

_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "э": "e", "з": "z", "и": "i",
    "і": "i", "ї": "i", "й": "i", "ы": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ў": "u", "ф": "f", "х": "h",
    "y": "i", "j": "i", "w": "v",
    "ą": "a", "á": "a", "à": "a", "â": "a", "ã": "a", "ä": "a", "å": "a", "ć": "c", "č": "c", "ç": "c", "ę": "e",
    "é": "e", "è": "e", "ê": "e", "ë": "e", "í": "i", "ì": "i", "î": "i", "ï": "i", "ý": "i", "ł": "l", "ń": "n",
    "ñ": "n", "ó": "o", "ò": "o", "ô": "o", "õ": "o", "ö": "o", "ø": "o", "ś": "s", "ź": "z", "ż": "z", "ú": "u",
    "ù": "u", "û": "u", "ü": "u", "ř": "r", "ť": "t", "ď": "d", "ň": "n", "ě": "e", "ů": "u",
}  # fmt: skip
_GROUPS = {
    "щ": "sch", "ш": "sh", "ч": "ch", "ж": "zh", "ц": "ts", "ю": "iu", "я": "ia", "є": "ie", "š": "sh", "ž": "zh",
    "sz": "sh", "cz": "ch", "kh": "h", "x": "ks", "ß": "ss",
}  # fmt: skip
SILENT = "ьъ'’ʼ"
_MARKS = '.,;:@_-/+()[]|#*&!?"«»'


def folded(text: Expression) -> Expression:
    """``text`` in that spelling; whatever is no letter stays."""
    for group, plain in _GROUPS.items():
        text = Replace(text, Value(group), Value(plain))
    text = _translate(text, "".join(_LETTERS) + SILENT, "".join(_LETTERS.values()))
    return Replace(text, Value("ii"), Value("i"))


def words_of_identity() -> Expression:
    """What the index holds of an identity: its workspace as a word of its own, its name, its handle."""
    named = Concat(F("name"), Value(" "), F("handle"), output_field=TextField())
    spelt = folded(Lower(_translate(named, _MARKS, " " * len(_MARKS))))
    place = Concat(Value("w"), Cast(F("workspace_id"), TextField()), output_field=TextField())
    return Concat(place, Value(" "), spelt, output_field=TextField())


def _translate(text: Expression, letters: str, others: str) -> Expression:
    return Func(text, Value(letters), Value(others), function="translate", output_field=CharField())
