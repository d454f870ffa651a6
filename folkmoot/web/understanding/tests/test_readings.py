from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.conversations.models import Conversation, Message
from folkmoot.flow import reading
from folkmoot.understanding import codes
from folkmoot.understanding.models import Correction, Impression, Reading
from folkmoot.workspaces.models import AuditEntry, Role, User, Workspace

SignIn = Callable[[User], Client]

pytestmark = pytest.mark.usefixtures("words_are_read")


def text_of(client: Client, address: str, **query: str | int) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def said(workspace: Workspace, make: Make) -> Message:
    make.talk(make.channel(workspace), ("ada", "the parcel is awful and broken"), ("bo", "nice"))
    reading.read(workspace.pk)
    return Message.objects.get(text__startswith="the parcel")


@pytest.fixture
def client(signed_in: SignIn, mira: User) -> Client:
    return signed_in(mira)


def panel(workspace: Workspace, message: Message) -> str:
    return reverse("reading", args=[workspace.slug, message.pk])


def stands(message: Message, facet: str) -> str:
    row = Reading.objects.get(pk=message.pk)
    return codes.value_of(
        codes.Stands(row.language, row.says, row.sure, row.corrected, row.urgency, row.balance), facet
    )


def test_a_thread_shows_how_its_messages_were_read(client: Client, workspace: Workspace, said: Message) -> None:
    html = text_of(client, reverse("conversation", args=[workspace.slug, said.conversation_id]))
    assert '<span class="tone bad">Negative</span><span class="tone warn">Complaint</span>' in html
    assert panel(workspace, said) in html


def test_what_is_not_sure_is_shown_with_a_question_mark(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "perhaps awful"))
    reading.read(workspace.pk)
    html = text_of(client, reverse("conversation", args=[workspace.slug, Conversation.objects.get().pk]))
    assert '<span class="tone unsure" title="not sure">Negative?</span>' in html


def test_harm_is_shown_only_where_it_is_sure(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "you fool"), ("bo", "perhaps you fool"))
    reading.read(workspace.pk)
    html = text_of(client, reverse("conversation", args=[workspace.slug, Conversation.objects.get().pk]))
    assert html.count('<span class="tone bad">Insult</span>') == 1
    assert "Toxic" not in html  # which kind it is says more
    assert "Insult?" not in html


def test_the_panel_tells_how_likely_each_is_and_by_which_model(
    client: Client, workspace: Workspace, said: Message
) -> None:
    html = text_of(client, panel(workspace, said))
    for part in ("90 %", "82 %", "Read by model words", "Complaint", "Anger"):
        assert part in html


def test_a_message_that_is_not_read_yet_says_so(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "hello"))
    assert "not read yet" in text_of(client, panel(workspace, Message.objects.get()))


def test_one_click_corrects_and_leads_back(client: Client, workspace: Workspace, said: Message, mira: User) -> None:
    response = client.post(panel(workspace, said), {"said": "intent:bug"})
    assert response.status_code == 302
    assert response["Location"].endswith(f"#m{said.pk}")
    correction = Correction.objects.get()
    assert (correction.facet, correction.value, correction.was, correction.by) == ("intent", "bug", "complaint", mira)
    assert stands(said, "intent") == "bug"
    assert Impression.objects.get().sure & codes.BIT["bug"]
    assert AuditEntry.objects.filter(act="reading.correct", about=f"message:{said.pk}").count() == 1


def test_with_a_script_the_panel_and_the_marks_are_written_anew(
    client: Client, workspace: Workspace, said: Message
) -> None:
    response = client.post(panel(workspace, said), {"said": "sentiment:pos"}, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<html" not in html
    assert f'id="marks-{said.pk}" hx-swap-oob="innerHTML"' in html
    assert '<span class="tone good">Positive</span>' in html
    assert "Mira Kask set Mood to “Positive”" in html


def test_what_is_right_can_be_confirmed(client: Client, workspace: Workspace, said: Message) -> None:
    client.post(panel(workspace, said), {"said": "right"})
    assert {(row.facet, row.value == row.was) for row in Correction.objects.all()} == {
        ("sentiment", True),
        ("intent", True),
        ("toxic", True),
    }


@pytest.mark.parametrize("said_of_it", ["", "nonsense", "mood:neg", "intent:silly", "insult:maybe", "language:xx", ":"])
def test_made_up_corrections_change_nothing(
    client: Client, workspace: Workspace, said: Message, said_of_it: str
) -> None:
    assert client.post(panel(workspace, said), {"said": said_of_it}).status_code == 302
    assert not Correction.objects.exists()


def test_a_correction_holds_for_the_same_and_nearly_the_same_words(
    client: Client, workspace: Workspace, make: Make
) -> None:
    channel = make.channel(workspace, kind="forum")
    long = "The delivery of order 17 was awful and nobody ever answered my mails about it"
    texts = [long, long.upper().replace("17", "99"), long + " again", "awful weather today, is it"]
    make.receive(channel, [make.seen(text=text, thread=f"t{n}", minute=n) for n, text in enumerate(texts)])
    reading.read(workspace.pk)
    first, same, near, other = Message.objects.order_by("at")
    client.post(panel(workspace, first), {"said": "sentiment:neu"})
    assert [stands(one, "sentiment") for one in (first, same, near, other)] == ["neu", "neu", "neu", "neg"]
    make.receive(channel, [make.seen(text=long + "!!", thread="later", minute=9)])
    reading.read(workspace.pk)
    assert stands(Message.objects.get(text=long + "!!"), "sentiment") == "neu"
    client.post(reverse("correction-undo", args=[workspace.slug, Correction.objects.get().pk]))
    assert {stands(one, "sentiment") for one in Message.objects.all()} == {"neg"}


def test_nothing_is_learnt_from_what_a_person_marks_so(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen(text="awful", thread="a"), make.seen(text="Awful!", thread="b", minute=1)])
    reading.read(workspace.pk)
    first, second = Message.objects.order_by("at")
    client.post(panel(workspace, first), {"said": "sentiment:pos"})
    assert stands(second, "sentiment") == "pos"
    address = reverse("correction-learn", args=[workspace.slug, Correction.objects.get().pk])
    client.post(address, {"learn": "no"})
    assert (stands(first, "sentiment"), stands(second, "sentiment")) == ("pos", "neg")
    client.post(address, {"learn": "yes"})
    assert stands(second, "sentiment") == "pos"


def test_a_second_correction_takes_the_place_of_the_first(client: Client, workspace: Workspace, said: Message) -> None:
    for value in ("pos", "neu"):
        client.post(panel(workspace, said), {"said": f"sentiment:{value}"})
    assert [(row.value, row.was) for row in Correction.objects.all()] == [("neu", "neg")]
    assert stands(said, "sentiment") == "neu"


def test_many_are_corrected_from_the_inbox(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    for n in range(3):
        make.talk(channel, ("ada", f"first awful {n} here"), ("bo", f"then awful word {n}x{n}"), thread=f"t{n}")
    reading.read(workspace.pk)
    one, two, three = Conversation.objects.order_by("pk")
    extra = Message.objects.filter(conversation=three).order_by("at")[0]
    inbox = reverse("inbox", args=[workspace.slug])
    response = client.post(
        reverse("readings-correct", args=[workspace.slug]),
        {"picked": [f"c{one.pk}", f"c{two.pk}", f"m{extra.pk}", "cx", "?"], "said": "sentiment:neu", "next": inbox},
    )
    assert response["Location"] == inbox
    corrected = set(Correction.objects.values_list("message__text", flat=True))
    assert corrected == {"then awful word 0x0", "then awful word 1x1", extra.text}


def test_a_bulk_correction_of_nothing_says_so_and_leads_nowhere_else(client: Client, workspace: Workspace) -> None:
    address = reverse("readings-correct", args=[workspace.slug])
    response = client.post(address, {"said": "sentiment:neu", "next": "https://example.org/"}, follow=True)
    assert response.redirect_chain == [(reverse("inbox", args=[workspace.slug]), 302)]
    assert "Choose some conversations first" in response.content.decode()


def test_strangers_find_no_reading(
    signed_in: SignIn, workspace: Workspace, other_workspace: Workspace, said: Message, zoe: User
) -> None:
    zoes = signed_in(zoe)
    assert Client().get(panel(workspace, said)).status_code == 302
    assert zoes.get(panel(workspace, said)).status_code == 404
    assert zoes.post(panel(other_workspace, said), {"said": "sentiment:pos"}).status_code == 404
    picked = {"picked": [f"m{said.pk}", f"c{said.conversation_id}"], "said": "sentiment:pos"}
    zoes.post(reverse("readings-correct", args=[other_workspace.slug]), picked)
    assert not Correction.objects.exists()


def test_whoever_does_not_see_a_channel_neither_sees_nor_corrects_its_readings(
    signed_in: SignIn, workspace: Workspace, said: Message, make: Make, bo: User
) -> None:
    Role.objects.filter(user=bo).update(channel_ids=[make.channel(workspace, "other").pk])
    bos = signed_in(bo)
    assert bos.get(panel(workspace, said)).status_code == 404
    assert bos.post(panel(workspace, said), {"said": "sentiment:pos"}).status_code == 404
    picked = {"picked": [f"m{said.pk}", f"c{said.conversation_id}"], "said": "sentiment:pos"}
    bos.post(reverse("readings-correct", args=[workspace.slug]), picked)
    assert not Correction.objects.exists()


def test_guests_see_readings_and_do_not_correct_them(
    signed_in: SignIn, workspace: Workspace, said: Message, gil: User
) -> None:
    gils = signed_in(gil)
    html = text_of(gils, panel(workspace, said))
    assert "Complaint" in html
    assert 'name="said"' not in html
    assert gils.post(panel(workspace, said), {"said": "sentiment:pos"}).status_code == 403
    assert gils.post(reverse("readings-correct", args=[workspace.slug]), {}).status_code == 403
    assert 'name="picked"' not in text_of(gils, reverse("inbox", args=[workspace.slug]))


def test_a_deleted_message_shows_no_reading(client: Client, workspace: Workspace, said: Message) -> None:
    Message.objects.filter(pk=said.pk).update(deleted_at=said.at)
    assert client.get(panel(workspace, said)).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"mood": "neg"}, ["ru", "angry"]),
        ({"mood": "neg", "unsure": "on"}, ["ru", "unsure", "angry"]),
        ({"mood": "pos"}, ["happy"]),
        ({"intent": "complaint"}, ["angry"]),
        ({"intent": "question"}, ["asks"]),
        ({"harm": "insult"}, ["rude"]),
        ({"harm": "spam"}, ["spam"]),
        ({"feeling": "anger", "mood": "neg"}, ["ru", "angry"]),
        ({"language": "ru"}, ["ru"]),
        ({"language": "et"}, []),
        ({"urgent": "on"}, ["asks"]),
        ({"mood": "neg", "q": "broken"}, ["angry"]),
        ({"mood": "pos", "q": "broken"}, []),
        ({"mood": "neg", "network": "matrix"}, ["ru"]),
        ({"mood": "neg", "kind": "review"}, []),
        ({"mood": "neg", "waiting": "on", "since": "2026-03-01", "until": "2026-03-09"}, ["ru", "angry"]),
        ({"sort": "urgent"}, ["asks", "ru", "unsure", "spam", "rude", "happy", "angry"]),
        ({"mood": "neg", "sort": "negative"}, ["ru", "angry"]),
        ({"mood": "sideways", "sort": "random"}, ["ru", "unsure", "asks", "spam", "rude", "happy", "angry"]),
    ],
)
def test_the_inbox_is_narrowed_and_sorted_by_readings(
    client: Client, workspace: Workspace, make: Make, query: dict[str, str], found: list[str]
) -> None:
    lounge = make.channel(workspace, kind="forum")
    room = make.channel(workspace, "room", network="matrix", kind="forum")
    texts = {
        "angry": "awful it is broken",
        "happy": "how nice",
        "rude": "you fool",
        "spam": "buy this",
        "asks": "what now ?",
        "unsure": "perhaps awful",
    }
    make.receive(lounge, [make.seen(text=text, thread=name, minute=n) for n, (name, text) in enumerate(texts.items())])
    make.receive(room, [make.seen(text="это awful", thread="ru", minute=20)])
    reading.read(workspace.pk)
    rows = client.get(reverse("inbox", args=[workspace.slug]), query).context["rows"]
    assert [row.conversation.remote_id for row in rows] == found


def test_every_conversation_is_on_exactly_one_page_in_any_order(
    client: Client, workspace: Workspace, make: Make
) -> None:
    channel = make.channel(workspace, kind="forum")
    said = [make.seen(text=f"awful {'now' if n % 3 else ''} {n}", thread=f"t{n}", minute=n // 3) for n in range(95)]
    make.receive(channel, said)
    reading.read(workspace.pk)
    for query in ({"mood": "neg"}, {"sort": "urgent"}, {"sort": "negative", "mood": "neg"}):
        here, seen, pages = (
            reverse("inbox", args=[workspace.slug]) + "?" + "&".join(f"{k}={v}" for k, v in query.items()),
            [],
            [],
        )
        while here:
            response = client.get(here)
            pages.append(here)
            seen += [row.conversation.pk for row in response.context["rows"]]
            here = response.context["older_url"]
        assert len(seen) == len(set(seen)) == 95
        assert len(pages) == 3
        back = client.get(client.get(pages[2]).context["newer_url"]).context["rows"]
        assert [row.conversation.pk for row in back] == seen[40:80]


def test_a_mark_of_another_order_begins_at_the_top(client: Client, workspace: Workspace, said: Message) -> None:
    for query in ("?sort=urgent&at=o.5.5", "?at=O.5.5", "?mood=neu&at=O.1.1", "?sort=urgent&at=O.x.1"):
        assert len(client.get(reverse("inbox", args=[workspace.slug]) + query).context["rows"]) == 1


def test_saved_views_know_readings(client: Client, workspace: Workspace, said: Message) -> None:
    filters = {"mood": "neg", "language": "en", "sort": "urgent", "unsure": "on"}
    client.post(reverse("view-save", args=[workspace.slug]), {"name": "Grim", **filters})
    html = text_of(client, reverse("inbox", args=[workspace.slug]))
    assert "Grim" in html
    assert "mood=neg" in html


@pytest.mark.parametrize("query", [{}, {"mood": "neg"}, {"sort": "urgent"}, {"mood": "neg", "q": "awful"}])
def test_lists_by_readings_cost_the_same_however_long(
    client: Client,
    workspace: Workspace,
    make: Make,
    query: dict[str, str],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    channel = make.channel(workspace, kind="forum")
    here = reverse("inbox", args=[workspace.slug])
    text_of(client, here)
    for size, offset in ((3, 0), (35, 100)):
        make.receive(channel, [make.seen(f"p{n}", "awful", thread=f"t{offset + n}") for n in range(size)])
        reading.read(workspace.pk)
        with django_assert_max_num_queries(12):
            text_of(client, here, **query)


@pytest.mark.parametrize(
    ("of", "texts"), [("negative", ["awful, broken"]), ("positive", ["nice"]), ("complaints", ["awful, broken"])]
)
def test_the_messages_behind_moods_are_those_that_are_counted(
    client: Client, workspace: Workspace, make: Make, of: str, texts: list[str]
) -> None:
    said = [
        make.seen("ada", "awful, broken"),
        make.seen("bo", "perhaps awful, broken"),
        make.seen("cleo", "nice"),
        make.seen("mira", "awful, broken, nice", ours=True),
    ]
    make.receive(make.channel(workspace), said)
    reading.read(workspace.pk)
    rows = client.get(reverse("messages", args=[workspace.slug]), {"of": of}).context["rows"]
    assert [row.message.text for row in rows] == texts


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ({"mood": "neg"}, ["awful, broken"]),
        ({"mood": "neg", "unsure": "on"}, ["perhaps awful", "awful, broken"]),
        ({"mood": "neg", "intent": "complaint"}, ["awful, broken"]),
        ({"mood": "neg", "intent": "praise"}, []),
        ({"language": "ru"}, ["это nice"]),
        ({"of": "negative", "language": "ru"}, []),
    ],
)
def test_messages_behind_a_number_are_narrowed_by_their_own_reading(
    client: Client, workspace: Workspace, make: Make, query: dict[str, str], texts: list[str]
) -> None:
    said = [make.seen(text=text, minute=n) for n, text in enumerate(["awful, broken", "perhaps awful", "это nice"])]
    make.receive(make.channel(workspace), said)
    reading.read(workspace.pk)
    rows = client.get(reverse("messages", args=[workspace.slug]), query).context["rows"]
    assert [row.message.text for row in rows] == texts
