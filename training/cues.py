"""Telling words of five languages that label, weakly, what no data set labels: intents, urgency, obscenity, threats."""

from __future__ import annotations

import re
import zlib

from folkmoot.understanding.reading.contract import INTENTS
from training.corpus import Row

WEIGHT = 0.3
ONE_OF = 6  # rows without any telling word: that many more teach but that most messages are nothing


def words(*patterns: str) -> re.Pattern[str]:
    """Word beginnings; ``$`` at the end of one makes it a whole word."""
    return re.compile(r"(?<!\w)(?:" + "|".join(p.replace("$", r"(?!\w)") for p in patterns) + ")", re.IGNORECASE)


QUESTION = words(
    "how (?:do|can|to|does|did|is|are|should)$", "what (?:is|are|does|do)$", "where (?:can|do|is|are)$", "why$", "when (?:is|will|does)$", "can (?:i|you|someone|anyone)$",
    "could (?:you|someone|anyone)$", "does anyone", "is there (?:a|any)", "who (?:is|can|knows)$",
    "как$", "почему$", "где$", "когда$", "кто-нибудь", "подскажите", "можно ли$", "зачем$", "сколько$", "кто знает",
    "як$", "чому$", "де$", "коли$", "підкажіть", "чи можна", "навіщо$", "скільки$", "хто знає", "чи є$",
    "jak$", "dlaczego$", "gdzie$", "kiedy$", "czy$", "ile$", "po co$", "ktoś wie",
    "kuidas$", "miks$", "kus$", "millal$", "kas$", "kui palju", "kes teab", "milleks$",
)  # fmt: skip
COMPLAINT = words(
    "still waiting", "no (?:answer|reply|response)$", "nobody answers", "worst service", "refund", "never again", "disappointed", "unacceptable", "ripped off", "overpriced", "terrible service",
    "сколько можно", "никто не отвечает", "верните деньги", "безобразие", "ужасн\\w+ (?:сервис|обслуж)", "отвратительн", "разочарован", "обманули", "жду уже", "жалоб",
    "скільки можна", "ніхто не відповідає", "поверніть гроші", "жахливий сервіс", "жахливе обслуг", "розчарован", "обдурили", "скарг",
    "nikt nie odpowiada", "zwrot pieniędzy", "skandal$", "fatalna obsługa", "rozczarowan", "oszukali", "reklamacj", "ile można",
    "keegi ei vasta", "raha tagasi", "kohutav teenindus", "pettunud", "kaebus", "peteti",
)  # fmt: skip
SUGGESTION = words(
    "would be (?:nice|great|cool|good) (?:if|to)", "please add", "you should (?:add|make)", "i (?:suggest|wish you)", "how about adding", "feature request", "could you add", "it would help",
    "добавьте", "было бы (?:здорово|круто|неплохо|хорошо|удобно)", "предлагаю", "хотелось бы", "сделайте", "почему бы не$",
    "додайте", "було б (?:добре|чудово|круто|непогано|зручно)", "пропоную", "хотілося б", "зробіть",
    "dodajcie", "proszę dodać", "byłoby (?:fajnie|dobrze|super|miło)", "proponuję", "przydał(?:by|oby)", "sugeruję",
    "võiks$", "palun lisage", "oleks (?:tore|hea|lahe)", "soovitan$", "teen ettepaneku", "ettepanek",
)  # fmt: skip
BUG = words(
    "does ?n.?t (?:work|load|open)", "not working", "crash", "error$", "bug$", "broken$", "stopped working", "won.?t (?:load|open|start)", "freezes", "fails to",
    "не работает", "не открывается", "не загружается", "ошибк", "вылетает", "баг$", "глючит", "зависает", "сломал", "перестал\\w* работать",
    "не працює", "не відкривається", "не завантажується", "помилк", "вилітає", "зависає", "зламал", "перестал\\w* працювати",
    "nie działa", "nie otwiera", "nie ładuje", "błąd$", "zawiesza się", "wywala", "przestał\\w* działać",
    "ei tööta", "ei avane", "ei lae$", "viga$", "jookseb kokku", "hangub", "katki$",
)  # fmt: skip
PRAISE = words(
    "well done", "great (?:job|work|app|service)", "love (?:this|it|your)", "thank you so much", "amazing$", "awesome$", "best .{0,12}ever", "excellent",
    "молодц", "отличн", "супер$", "обожаю", "лучши", "класс$", "великолепн", "огромное спасибо", "круто$", "восхитительн",
    "чудов", "молодці", "обожнюю", "найкращ", "клас$", "дуже дякую", "неймовірн",
    "świetn", "super$", "uwielbiam", "najlepsz", "brawo", "wspaniał", "rewelacj", "dobra robota",
    "suurepära", "super$", "väga hea", "parim", "tubli", "imeline", "armastan$",
)  # fmt: skip
GREETING = words(
    "hi$", "hello", "hey$", "good (?:morning|evening|afternoon|night)", "thanks$", "thank you", "welcome$", "happy birthday", "bye$", "congrat",
    "привет", "здравствуй", "добр(?:ый|ое|ого) (?:день|утро|вечер|дня|утра)", "спасибо", "с днем рождения", "с днём рождения", "доброй ночи", "спокойной ночи", "поздравля", "с новым годом",
    "привіт", "вітаю", "добрий (?:день|вечір|ранок)", "доброго", "дякую", "з днем народження", "на добраніч", "добраніч",
    "cześć", "dzień dobry", "dobry wieczór", "witam", "dzięki", "dziękuję", "wszystkiego najlepszego", "dobranoc", "hej$", "siema",
    "tere$", "tervist", "tsau", "aitäh", "tänan", "palju õnne", "head (?:ööd|aega|päeva)", "hommikust",
)  # fmt: skip
URGENT = words(
    "urgent", "asap", "immediately", "right now", "emergency", "as soon as possible", "locked out", "hacked", "stolen", "can.?t (?:log in|access|pay)", "help me",
    "срочно", "немедленно", "прямо сейчас", "как можно скорее", "взломали", "украли", "списали деньги", "не могу (?:войти|зайти|оплатить)", "помогите",
    "терміново", "негайно", "просто зараз", "якнайшвидше", "зламали", "вкрали", "не можу (?:увійти|зайти|оплатити)", "допоможіть",
    "pilne", "pilnie", "natychmiast", "jak najszybciej", "włamali", "ukradli", "nie mogę się zalogować", "pomocy", "ratunku",
    "kiire(?:sti|lt)?$", "kohe$", "viivitamatult", "häkiti", "varastati", "ei saa sisse", "appi$", "aidake",
)  # fmt: skip
OBSCENE = words(
    "fuck", "motherfuck", "shit", "bullshit", "cunt", "asshole", "bitch", "dick$", "cock$", "pussy", "wtf$", "stfu",
    "(?:на|по|ни|о|до)?ху[йяеёию]", "(?:на|вы|до|от|по|за|у|про|с|из|при|разъ?|подъ?|объ?|въ?|недо|ъ)?[её]ба[нлтш]", "[её]бл", "[её]б$", "(?:за|от|у|вы|до|про)[её]б", "пизд", "(?:рас|с|от|за|на|вы)пизд", "бля$", "бляд", "бляха", "мудак", "мудил", "залуп", "гандон", "долбо", "сука$", "сук[иу]$", "гавн", "говн", "жоп[аыуе]", "дерьм", "хер$", "хрен",
    "хуй", "пізд", "їба[нлт]", "йоба", "заїб", "лайн", "срак", "курв",
    "kurw", "(?:za|wy|po|s|roz|do|od|u)?jeb", "(?:s|za|wy|od|roz)?pierd[oa]", "chuj", "huj", "pizd", "cip[aąoy]$", "dup[aąeoęy]", "gówn", "skurw", "sra[ćnł]",
    "perse", "munn$", "munni", "vittu", "vitt$", "türa", "sitt$", "sita", "lits$", "nuss", "kurat", "kuradi", "raisk",
)  # fmt: skip
SEXUAL = words(
    "sex$", "sexy", "porn", "nude", "naked", "boobs", "tits$", "blowjob", "horny", "cum$", "orgasm", "dick pic", "slut",
    "секс", "порн", "голая", "голые", "сиськ", "минет", "трахат", "трахну", "отсос", "дроч", "эрот", "шлюх", "проститут", "интим",
    "порно", "гола$", "цицьк", "мінет", "повія", "інтим",
    "seks", "nago$", "cycki", "lodzik", "ruchać", "dziwk", "prostytut", "erotyk",
    "seks", "porno", "alasti", "tissid", "hoor", "litsid", "keppi",
)  # fmt: skip
THREAT = words(
    "(?:i'?ll|i will|we'?ll|gonna|going to) (?:kill|murder|beat|hurt|stab|shoot|find) (?:you|u|him|her|them)", "you(?:'re| are| will be) (?:dead|gonna die)", "watch your back", "i hope you die", "kill yourself",
    "убью", "зарежу", "найду тебя", "прибью", "закопаю", "тебе конец", "сдохни", "расстрелять", "повесить (?:их|его|тебя|вас)", "порву",
    "вб.ю", "заріжу", "знайду тебе", "тобі кінець", "здохни", "закопаю", "розстріляти",
    "zabiję", "zajebię", "znajdę cię", "zdechnij", "rozstrzelać", "powiesić", "pożałujesz", "połamię",
    "tapan$", "tapan su", "löön (?:su|sind)", "leian (?:su|sind) üles", "sure ära", "maha lüüa",
)  # fmt: skip

RULES = {"complaint": COMPLAINT, "suggestion": SUGGESTION, "bug": BUG, "praise": PRAISE, "greeting": GREETING}
HARM_RULES = {"obscene": OBSCENE, "sexual": SEXUAL, "threat": THREAT}


def intent(text: str) -> str:
    """The intent that telling words show; ``other`` where there are none, empty where they disagree."""
    found = [name for name, rule in RULES.items() if rule.search(text)]
    asks = "?" in text or QUESTION.match(text) is not None
    if asks and not found:
        return "question"
    if asks and found in (["bug"], ["greeting"], ["suggestion"]):
        return "question" if found != ["suggestion"] else "suggestion"
    if len(found) > 1 and "greeting" in found:
        found.remove("greeting")
    if len(found) == 1 and not asks:
        return found[0]
    return "" if found or asks else "other"


def hints(row: Row) -> dict[str, float]:
    if row.task == "own":
        return {}
    shown = intent(row.text)
    if shown == "other" and zlib.crc32(row.text.encode()) % ONE_OF:
        shown = ""
    found = {name: float(name == shown) for name in INTENTS} if shown else {}
    found |= {name: float(rule.search(row.text) is not None) for name, rule in HARM_RULES.items()}
    found["urgency"] = float(URGENT.search(row.text) is not None)
    if shown:
        found["calls"] = float(shown in ("question", "bug", "complaint", "suggestion"))
    if row.task != "spam":
        found["spam"] = 0.0
    return found
