from __future__ import annotations

import gzip
import re
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Attachment, Batch, Person, SeenMessage
from folkmoot.networks.email import Email
from folkmoot.networks.email.body import own_words
from folkmoot.networks.email.headers import Head, author, title
from folkmoot.networks.errors import Refused

FIXTURES = Path(__file__).parent.parent / "fixtures"
REAL = next((up / "shared/data/fixtures" for up in Path(__file__).parents if (up / "shared").is_dir()), None)
absent = pytest.mark.skipif(REAL is None, reason="the real mails do not lie beside the checkout")

HEADERS = "From: Ann <ann@example.org>\nDate: Mon, 2 Mar 2020 10:00:00 +0000\nSubject: Beans\nMessage-ID: <{id}@x>\n"


def read(path: Path, cursor: str = "", **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        return list(Email().backfill(archive, format="mbox", cursor=cursor, options=options))


def messages(found: list[Batch]) -> list[SeenMessage]:
    return [seen for batch in found for seen in batch.seen if isinstance(seen, SeenMessage)]


def skipped(found: list[Batch]) -> dict[str, int]:
    return dict(Counter(item.reason for batch in found for item in batch.skipped for _ in range(item.count)))


def mbox(folder: Path, *mails: str) -> Path:
    path = folder / "garden.mbox"
    path.write_text("".join(f"From x Mon Mar  2 10:00:00 2020\n{mail}\n" for mail in mails))
    return path


def mail(number: int = 1, body: str = "hello", **changed: str) -> str:
    head = dict(row.split(": ", 1) for row in HEADERS.format(id=number).strip().split("\n")) | {
        name.replace("_", "-"): value for name, value in changed.items()
    }
    return "".join(f"{name}: {value}\n" for name, value in head.items() if value) + f"\n{body}\n"


def test_a_list_is_read_with_its_conversation_its_words_and_its_attachments() -> None:
    found = read(FIXTURES / "beans.mbox")
    [place] = {batch.place for batch in found}
    assert place is not None
    assert (place.remote_id, place.name, place.kind) == ("garden.lists.example.org", "Garden talk", "list")
    one, two, three, four = messages(found)
    assert one.author == Person("ann@example.org", "Ann Õunap", "ann@example.org")
    assert one.at == datetime(2020, 3, 2, 10, tzinfo=UTC)
    assert one.text == "When do you sow beans?\nFrom May on, I think."
    assert (one.kind, one.thread, one.parent, one.thread_title) == ("post", "one@example.org", None, "Beans")
    assert two.text == "Päärast maid."
    assert (two.kind, two.thread, two.parent, two.html) == ("reply", "one@example.org", "one@example.org", "")
    assert two.attachments == (Attachment("image", name="beans.png", mime="image/png", size=9),)
    assert (three.thread, three.parent, three.thread_title) == ("one@example.org", "two@example.org", "Beans")
    assert three.html == "<p>Never too <b>late</b></p>\n"
    assert three.text == "Never too late"
    assert [each.author.bot for each in (one, two, three, four)] == [False, False, False, True]


def test_a_list_archive_by_month_hides_addresses_and_moves_attachments_out() -> None:
    found = read(FIXTURES / "2020-March.txt")
    one, two = messages(found)
    assert one.author == Person("ann@example.org", "Ann Õunap", "ann@example.org")
    assert two.text == "In May."
    assert two.attachments[0].url == "http://lists.example.org/attachments/beans.png"
    assert {batch.place.remote_id for batch in found if batch.place} == {"garden"}


def test_packed_months_and_folders_of_mails_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress((FIXTURES / "2020-March.txt").read_bytes()))
    (tmp_path / "b.eml").write_text(mail(7))
    found = read(tmp_path)
    assert [each.remote_id for each in messages(found)] == ["one@example.org", "two@example.org", "7@x"]
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress((FIXTURES / "2020-March.txt").read_bytes())[:-40])
    found = read(tmp_path)
    assert messages(found)[-1].remote_id == "7@x"
    assert "damaged file" in skipped(found) or "not a mailbox" in skipped(found)


def test_files_by_month_are_one_list_named_after_their_folder(tmp_path: Path) -> None:
    for month in ("2020-March.txt", "2020-April.txt", "2020q3.txt", "2021-01.mbox"):
        (tmp_path / "garden-talk").mkdir(exist_ok=True)
        (tmp_path / "garden-talk" / month).write_text("From x Mon Mar  2 10:00:00 2020\n" + mail(hash(month)))
    assert {batch.place.name for batch in read(tmp_path) if batch.place} == {"garden-talk"}
    assert {batch.place.name for batch in read(tmp_path, list="Chosen") if batch.place} == {"Chosen"}


@pytest.mark.parametrize(
    ("stated", "person"),
    [
        ("ann@Example.org", Person("ann@example.org", "ann@example.org", "ann@example.org")),
        ('"Õunap, Ann" <Ann@example.org>', Person("ann@example.org", "Õunap, Ann", "ann@example.org")),
        ("ann at example.org (Ann)", Person("ann@example.org", "Ann", "ann@example.org")),
        ("Ann <ann at example.org>", Person("ann@example.org", "Ann", "ann@example.org")),
        ("ann (at) example.org", Person("ann@example.org", "ann@example.org", "ann@example.org")),
        ("ann[at]example.org (Ann)", Person("ann@example.org", "Ann", "ann@example.org")),
        ("=?koi8-r?B?4c7O?= <ann@example.org>", Person("ann@example.org", "Анн", "ann@example.org")),
        ("=?nonsense?Q?Ann?= <ann@example.org>", Person("ann@example.org", "Ann", "ann@example.org")),
        ("Ann Only", Person("Ann Only", "Ann Only", "")),
        ("", None),
        ("<>", None),
    ],
)
def test_the_address_is_the_person_however_it_is_written(stated: str, person: Person | None) -> None:
    assert author(Head([("From", stated)])) == person


def test_the_writer_is_found_where_the_list_wrote_itself_into_from() -> None:
    head = Head([("From", "Ann via Garden <garden@lists.example.org>"), ("Reply-To", "Ann <ann@example.org>")])
    found = author(head)
    assert found is not None
    assert (found.remote_id, found.name) == ("ann@example.org", "Ann")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Re: [garden] Re: Beans", "Beans"),
        ("[garden] Fwd: RE[2]: Beans", "Beans"),
        ("Odp: Fasola", "Fasola"),
        ("На: Фасоль", "Фасоль"),
        ("[patch 1/2] Beans", "[patch 1/2] Beans"),
        ("Re:", "Re:"),
        ("", ""),
    ],
)
def test_titles_lose_marks_of_answering_and_the_lists_own_tag(subject: str, shown: str) -> None:
    assert title(subject, frozenset({"garden"})) == shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Mine.\n\nOn Monday, Bo wrote:\n> yours\n> more\n", "Mine."),
        ("Mine.\n\nВ понедельник Боря\n<bo@example.org> пишет:\n> твоё", "Mine."),
        ("> yours\nMine.\n> more\nMine too.\n-- \nAnn", "> yours\nMine.\n> more\nMine too."),
        ("> all\n> quoted", "> all\n> quoted"),
        ("Mine.\n-----Original Message-----\nFrom: Bo\nyours", "Mine."),
        (f"Mine.\n{'_' * 47}\nGarden mailing list\nGarden at example.org", "Mine."),
        ("a -- b\n--\nnot a signature mark with text\n", "a -- b"),
        ("-- \nAnn", "-- \nAnn"),
        ("NUL\0 gone\r\nhere", "NUL gone\nhere"),
    ],
)
def test_the_writers_own_words_are_kept(text: str, kept: str) -> None:
    assert own_words(text) == kept


def test_what_can_not_be_taken_is_counted_by_reason(tmp_path: Path) -> None:
    path = mbox(
        tmp_path,
        mail(1),
        mail(2, From=""),
        mail(3, Date="Mon, 01 Jan 0001 00:00:00 +0000"),
        mail(4, Date="Mon, 01 Jan 2999 00:00:00 +0000"),
        mail(5, Auto_Submitted="auto-replied"),
        mail(6, body="x" * (26 * 1024 * 1024)),
        "no headers here\n\nnor here\n",
        mail(7, body="last"),
    )
    found = read(path)
    assert [each.remote_id for each in messages(found)] == ["1@x", "7@x"]
    assert skipped(found) == {
        "no author": 1,
        "date out of range": 2,
        "automatic reply": 1,
        "message too large": 1,
        "not a mail": 1,
    }


def test_a_mail_without_a_date_takes_that_of_its_way_and_without_an_id_a_lasting_one(tmp_path: Path) -> None:
    path = mbox(
        tmp_path,
        mail(1, Date="", Received="from a by b; Tue, 3 Mar 2020 09:00:00 +0000"),
        mail(2, Date="not a date", Message_ID=""),
    )
    one, two = messages(read(path))
    assert one.at == datetime(2020, 3, 3, 9, tzinfo=UTC)
    assert two.at == datetime(2020, 3, 2, 10, tzinfo=UTC)
    assert re.fullmatch("[0-9a-f]{32}", two.remote_id)
    assert messages(read(path))[1].remote_id == two.remote_id


def test_a_line_that_begins_with_from_does_not_cut_a_mail(tmp_path: Path) -> None:
    body = "first\n\nFrom here on it is warm.\n\n>From May\n>>From June\nbye"
    [only] = messages(read(mbox(tmp_path, mail(1, body=body))))
    assert only.text == "first\n\nFrom here on it is warm.\n\nFrom May\n>From June\nbye"


def test_a_mail_of_broken_parts_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    broken = mail(
        1,
        MIME_Version="1.0",
        Content_Type='multipart/mixed; boundary="b"',
        body='--b\nContent-Type: text/plain; charset="no such"\nContent-Transfer-Encoding: base64\n\naGVsbG8=!!\n--b\nContent-Type: image',
    )
    path = mbox(tmp_path, broken, mail(2, body="bytes: SWAP"))
    path.write_bytes(path.read_bytes().replace(b"SWAP", "слова".encode("cp1251")))
    one, two = messages(read(path))
    assert one.text == "hello"
    assert two.text == "bytes: слова"


def test_nothing_but_other_files_is_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("From time to time I write.\n")
    with open_archive(tmp_path) as archive:
        assert Email().recognises(archive) is None
    with pytest.raises(Refused, match="mbox"):
        read(tmp_path)


def test_memory_holds_one_mail_at_a_time(tmp_path: Path) -> None:
    found = read(mbox(tmp_path, *(mail(number, body="word " * 200_000) for number in range(40))))
    assert len(messages(found)) == 40
    assert len(found) > 1


@pytest.mark.archives
@absent
@pytest.mark.parametrize("name", ["mbox", "pipermail", "hyperkitty"])
def test_real_mailboxes_give_as_many_mails_as_they_have_separators(name: str) -> None:
    assert REAL is not None
    folder = REAL / "perceval/tests/data" / name
    wanted = sum(
        len(re.findall(rb"(?:\A|\n\n)From .*\d\d:\d\d:\d\d \d{4}\n", path.read_bytes()))
        for path in folder.glob("*.mbox")
    )
    found = read(folder)
    assert (
        len(messages(found)) + sum(count for why, count in skipped(found).items() if why != "not a mailbox") == wanted
    )


@pytest.mark.archives
@absent
def test_real_single_mails_are_all_read_but_the_notice_and_the_dateless() -> None:
    assert REAL is not None
    folder = REAL / "mail/spec/fixtures/files"
    found = read(folder)
    assert len(messages(found)) == len(list(folder.glob("*.eml"))) - 2
    assert skipped(found) == {"no date": 1, "automatic reply": 1}
    assert BytesIO(repr(messages(found)).encode("utf-8"))
