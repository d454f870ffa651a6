from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import urlize
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.conversations.models import Conversation, Message
from folkmoot.flow import reading
from folkmoot.inbox.models import SavedView
from folkmoot.members.models import Member
from folkmoot.networks.base import Attachment, Reaction
from folkmoot.web.templatetags.inbox import linked
from folkmoot.workspaces.models import Rank, Role, User, Workspace

SignIn = Callable[[User], Client]


def page(client: Client, name: str, workspace: Workspace, *args: object, **query: str | int) -> str:
    response = client.get(reverse(name, args=[workspace.slug, *args]), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def client(signed_in: SignIn, mira: User) -> Client:
    return signed_in(mira)


def test_an_empty_inbox_says_what_to_do(client: Client, workspace: Workspace) -> None:
    html = page(client, "inbox", workspace)
    assert "Nothing has been said here yet" in html
    assert reverse("start", args=[workspace.slug]) in html


def test_the_newest_word_is_on_top(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(
        channel, [make.seen(text="oldest words", thread="a"), make.seen(text="newest words", thread="b", minute=5)]
    )
    html = page(client, "inbox", workspace)
    assert html.index("newest words") < html.index("oldest words")


def test_every_conversation_is_on_exactly_one_page(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen(text=f"talk {n:03}.", thread=f"t{n}", minute=n // 3) for n in range(95)])
    here, seen = reverse("inbox", args=[workspace.slug]), []
    pages: list[str] = []
    while here:
        response = client.get(here)
        pages.append(here)
        seen += [row.conversation.opening for row in response.context["rows"]]
        here = response.context["older_url"]
    assert sorted(seen) == [f"talk {n:03}." for n in range(95)]
    assert len(pages) == 3
    back = client.get(client.get(pages[-1]).context["newer_url"]).context["rows"]
    assert [row.conversation.pk for row in back] == [
        row.conversation.pk for row in client.get(pages[1]).context["rows"]
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "книги"}, ["ru"]),
        ({"q": "книга"}, ["ru"]),
        ({"q": "місто"}, ["uk"]),
        ({"q": "książka"}, ["pl"]),
        ({"q": "raamat"}, ["et"]),
        ({"q": "mouse"}, ["en"]),
        ({"q": "nothing like it"}, []),
        ({"waiting": "on"}, ["et", "en", "pl", "uk"]),
        ({"network": "matrix"}, ["en"]),
        ({"since": "2026-03-03"}, ["et"]),
        ({"until": "2026-03-02", "network": "irc"}, ["pl", "uk", "ru"]),
        ({"q": "книгу", "network": "matrix"}, []),
        ({"kind": "review"}, []),
        ({"channel": "nonsense", "since": "yesterday"}, ["et", "en", "pl", "uk", "ru"]),
    ],
)
def test_filters_find_what_they_say(
    client: Client, workspace: Workspace, make: Make, query: dict[str, str], found: list[str]
) -> None:
    lounge, room = (
        make.channel(workspace, kind="forum"),
        make.channel(workspace, "room", network="matrix", kind="forum"),
    )
    make.receive(
        lounge,
        [
            make.seen("ada", "Я прочитала книгу.", thread="ru", minute=0),
            make.seen("bo", "Какую?", thread="ru", minute=1),
            make.seen("ada", "Живу в великому місті.", thread="uk", minute=2),
            make.seen("ada", "Szukam książek.", thread="pl", minute=3),
            make.seen("ada", "Kus on raamatud?", thread="et", minute=60 * 24),
        ],
    )
    make.receive(room, [make.seen("cleo", "Three mice!", thread="en", minute=4)])
    response = client.get(reverse("inbox", args=[workspace.slug]), query)
    assert [row.conversation.remote_id for row in response.context["rows"]] == found


def test_each_filter_in_use_is_told_and_can_be_taken_away(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, "lounge")
    make.talk(channel, ("ada", "hello"))
    query: dict[str, str | int] = {
        "q": "hello",
        "channel": channel.pk,
        "mood": "neg",
        "since": "2026-03-01",
        "waiting": "on",
        "sort": "urgent",
    }
    response = client.get(reverse("inbox", args=["moot"]), query)
    shown = {chip.text: parse_qs(urlsplit(chip.url).query) for chip in response.context["chips"]}
    assert list(shown) == [
        "Channel: lounge", "From: 1 Mar 2026", "Mood: Negative", "Order: Most urgent first", "Unanswered only",
    ]  # fmt: skip
    assert all(left["q"] == ["hello"] and len(left) == len(query) - 1 for left in shown.values())
    assert "mood" not in shown["Mood: Negative"]


def test_chips_of_messages_keep_what_they_are_behind(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "hello"))
    response = client.get(reverse("messages", args=["moot"]), {"of": "negative", "language": "en", "sort": "urgent"})
    [chip] = response.context["chips"]
    assert chip.text == "Language: English"
    assert parse_qs(urlsplit(chip.url).query) == {"of": ["negative"], "sort": ["urgent"]}


@pytest.mark.parametrize("words", ["", "needle"])
def test_the_kind_is_that_of_the_conversation_with_words_and_without(
    client: Client, workspace: Workspace, make: Make, words: str
) -> None:
    make.talk(make.channel(workspace), ("ada", "hello"), ("bo", "a needle"), thread=None)
    for kind, count in (("post", 1), ("comment", 0)):
        assert len(client.get(reverse("inbox", args=["moot"]), {"kind": kind, "q": words}).context["rows"]) == count


def test_the_kind_in_the_list_of_messages_is_the_messages_own(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "hello"), ("bo", "a needle"), thread=None)
    answer = client.get(reverse("messages", args=["moot"]), {"kind": "comment"})
    assert [row.message.text for row in answer.context["rows"]] == ["a needle"]
    assert ">Kind<" in answer.content.decode()
    assert "Opened by" not in answer.content.decode()


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-03-01", "2026-03-03", 1),  # begun in these days, gone on later
        ("2026-03-05", "2026-03-06", 1),  # going on
        ("2026-03-12", "2026-03-12", 1),  # its last day
        ("2026-03-13", "2026-03-20", 0),
        ("2026-02-01", "2026-03-01", 0),
    ],
)
def test_a_period_lists_what_was_going_on_in_it(
    client: Client, workspace: Workspace, make: Make, since: str, until: str, found: int
) -> None:
    make.talk(make.channel(workspace, kind="forum"), ("ada", "hello"), ("bo", "so?"), gap=60 * 24 * 10)
    rows = client.get(reverse("inbox", args=["moot"]), {"since": since, "until": until}).context["rows"]
    assert len(rows) == found


def test_lists_behind_numbers_say_what_they_hold_other_than_the_number(client: Client, workspace: Workspace) -> None:
    assert "on the day it was given" in page(client, "messages", workspace, of="reactions")
    assert "less than a day" in page(client, "messages", workspace, of="waiting")


def test_words_found_are_marked_and_lead_to_the_message(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "I saw <b>mice</b>"), ("bo", "where?"))
    html = page(client, "inbox", workspace, q="mouse")
    message = Message.objects.get(text__contains="mice")
    assert "&lt;b&gt;<mark>mice</mark>&lt;/b&gt;" in html
    assert f"?m={message.pk}&amp;q=mouse#m{message.pk}" in html


def test_one_members_conversations(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen("ada", "mine", thread="a"), make.seen("bo", "yours", thread="b")])
    ada = Member.objects.get(name="Ada")
    html = page(client, "inbox", workspace, member=ada.pk)
    assert "mine" in html
    assert "yours" not in html
    assert "With Ada" in html


@pytest.mark.parametrize("name", ["inbox", "messages"])
def test_lists_cost_the_same_however_long(
    client: Client, workspace: Workspace, make: Make, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    channel = make.channel(workspace, kind="forum")
    page(client, name, workspace)
    for size, offset in ((3, 0), (35, 100)):
        make.receive(channel, [make.seen(f"p{offset + n}", thread=f"t{offset + n}") for n in range(size)])
        with django_assert_max_num_queries(9):  # one of them for what needs a person
            page(client, name, workspace)
        with django_assert_max_num_queries(11):  # a search may look twice
            page(client, name, workspace, q="hello")


def test_a_thread_costs_the_same_however_long(
    client: Client, workspace: Workspace, make: Make, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    channel = make.channel(workspace, kind="forum")
    page(client, "inbox", workspace)
    for size, thread in ((2, "a"), (48, "b")):
        seen = [
            make.seen(
                f"{thread}{n}", thread=thread, minute=n, id=f"{thread}{n}", parent=f"{thread}{n - 1}" if n else None,
                attachments=(Attachment("file", "https://example.org/x", "x"),), reactions=(Reaction("👍", 1),),
            )
            for n in range(size)
        ]  # fmt: skip
        make.receive(channel, seen)
        conversation = Conversation.objects.get(remote_id=thread)
        with django_assert_max_num_queries(11):  # two of them for the summary, one for what needs a person
            page(client, "conversation", workspace, conversation.pk)


def test_a_thread_shows_everything_of_a_message(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    photo = Attachment("image", "https://example.org/a.png", "a.png", size=2048)
    evil = Attachment("link", "javascript:alert(1)", "evil")
    seen = [
        make.seen("ada", "first words", id="a", thread="t", thread_title="Lamps"),
        make.seen("bo", "text", id="b", thread="t", minute=1, parent="a", attachments=(photo, evil),
                  html="<p>rich <script>alert(1)</script><a href='javascript:x'>y</a></p>", reactions=(Reaction("🔥", 7),)),
    ]  # fmt: skip
    make.receive(channel, seen)
    make.receive(channel, [make.seen("ada", "better words", id="a", thread="t", thread_title="Lamps")])
    html = page(client, "conversation", workspace, Conversation.objects.get().pk)
    for part in ("Lamps", "better words", "first words", "a.png", "2.0\xa0KB", "🔥 <span>7</span>", "rich"):
        assert part in html
    assert "<script>alert" not in html
    assert 'href="javascript' not in html


def test_a_link_to_a_message_shows_what_stands_around_it(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen(text=f"word-{n:03}", thread="t", minute=n) for n in range(300)])
    conversation, target = Conversation.objects.get(), Message.objects.get(text="word-150")
    html = page(client, "conversation", workspace, conversation.pk, m=target.pk)
    assert all(f"word-{n:03}" in html for n in (0, 126, 150, 174))
    assert "word-250" not in html
    assert "Earlier messages" in html
    assert "Later messages" in html


def test_what_is_said_meanwhile_arrives(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.talk(channel, ("ada", "first"), thread="t")
    conversation = Conversation.objects.get()
    rest_url = client.get(reverse("conversation", args=[workspace.slug, conversation.pk])).context["rest_url"]
    assert "second" not in client.get(rest_url).content.decode()
    make.receive(channel, [make.seen("bo", "second", thread="t", minute=9)])
    response = client.get(rest_url)
    assert "second" in response.content.decode()
    assert "first" not in response.content.decode().replace("first_", "")
    assert "second" not in client.get(response.context["rest_url"]).content.decode()


@pytest.mark.usefixtures("words_are_read")
def test_readings_that_come_later_reach_the_open_page(client: Client, workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.talk(channel, ("ada", "awful"), thread="t")
    shown = client.get(reverse("conversation", args=[workspace.slug, Conversation.objects.get().pk]))
    assert "Negative" not in shown.content.decode()
    make.receive(channel, [make.seen("bo", "nice", thread="t", minute=9)])
    rest = client.get(shown.context["rest_url"])
    reading.read(workspace.pk)
    for url in (shown.context["marks_url"], rest.context["marks_url"]):
        html = client.get(url).content.decode()
        first, second = Message.objects.order_by("at")
        assert (
            f'<span id="marks-{first.pk}" hx-swap-oob="innerHTML"><span class="tone bad">Negative</span></span>' in html
        )
        assert (
            f'<span id="marks-{second.pk}" hx-swap-oob="innerHTML"><span class="tone good">Positive</span></span>'
            in html
        )
    assert client.get(shown.context["marks_url"].replace("o.", "O.")).status_code == 404


def test_views_are_saved_found_and_deleted(client: Client, workspace: Workspace, mira: User) -> None:
    client.post(reverse("view-save", args=[workspace.slug]), {"name": "Mine", "q": "drill", "waiting": "on"})
    view = SavedView.objects.get()
    assert (view.owner, view.filters) == (mira, {"q": "drill", "waiting": "on"})
    assert "Mine" in page(client, "inbox", workspace)
    client.post(reverse("view-delete", args=[workspace.slug, view.pk]))
    assert not SavedView.objects.exists()


def test_only_managers_make_and_delete_views_of_the_team(
    signed_in: SignIn, client: Client, workspace: Workspace, bo: User
) -> None:
    client.post(reverse("view-save", args=[workspace.slug]), {"name": "Ours", "q": "drill", "shared": "on"})
    view = SavedView.objects.get()
    bos = signed_in(bo)
    bos.post(reverse("view-save", args=[workspace.slug]), {"name": "Bo's", "q": "saw", "shared": "on"})
    bos.post(reverse("view-delete", args=[workspace.slug, view.pk]))
    assert [view.name for view in SavedView.objects.all()] == ["Ours"]


@pytest.fixture
def conversation(workspace: Workspace, make: Make) -> Conversation:
    make.talk(make.channel(workspace), ("ada", "a secret"), ("bo", "hush"))
    return Conversation.objects.get()


def addresses(workspace: Workspace, conversation: Conversation) -> list[str]:
    return [
        reverse("inbox", args=[workspace.slug]),
        reverse("messages", args=[workspace.slug]),
        reverse("conversation", args=[workspace.slug, conversation.pk]),
        reverse("conversation-rest", args=[workspace.slug, conversation.pk]) + "?after=o.0.0",
        reverse("conversation-marks", args=[workspace.slug, conversation.pk]) + "?since=o.0.0",
    ]


def test_strangers_find_nothing(
    signed_in: SignIn, workspace: Workspace, other_workspace: Workspace, conversation: Conversation, zoe: User
) -> None:
    for address in addresses(workspace, conversation):
        assert Client().get(address).status_code == 302
        assert signed_in(zoe).get(address).status_code == 404
    theirs = reverse("conversation", args=[other_workspace.slug, conversation.pk])
    assert signed_in(zoe).get(theirs).status_code == 404
    assert signed_in(zoe).get(reverse("inbox", args=[other_workspace.slug]) + "?q=secret").context["rows"] == []


def test_whoever_sees_only_some_channels_sees_nothing_of_the_others(
    signed_in: SignIn, workspace: Workspace, make: Make, bo: User, conversation: Conversation
) -> None:
    other = make.channel(workspace, "other", kind="forum")
    make.receive(other, [make.seen("dan", "open words", thread="x")])
    Role.objects.filter(user=bo).update(channel_ids=[other.pk])
    client = signed_in(bo)
    assert client.get(reverse("conversation", args=[workspace.slug, conversation.pk])).status_code == 404
    for query in ("", "?q=secret", "?waiting=on", "?of=messages"):
        for name in ("inbox", "messages"):
            assert "secret</" not in client.get(reverse(name, args=[workspace.slug]) + query).content.decode()
    assert "open words" in page(client, "inbox", workspace)


def test_every_rank_reads_the_inbox(signed_in: SignIn, workspace: Workspace, gil: User) -> None:
    assert Rank(Role.objects.get(user=gil).rank) == Rank.GUEST
    assert signed_in(gil).get(reverse("inbox", args=[workspace.slug])).status_code == 200


def test_made_up_addresses_do_no_harm(client: Client, workspace: Workspace, conversation: Conversation) -> None:
    for query in (
        "?at=x",
        "?at=o.999999999999999999999.1",
        "?at=n.1.x",
        "?m=99999999999",
        "?since=0001-01-01",
        "?member=0",
    ):
        for name, args in (("inbox", []), ("conversation", [conversation.pk])):
            assert client.get(reverse(name, args=[workspace.slug, *args]) + query).status_code == 200
    assert client.get(reverse("messages", args=[workspace.slug]) + "?of=secrets").status_code == 404


def test_time_of_day_is_the_workspaces(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "late"))
    html = page(client, "conversation", workspace, Conversation.objects.get().pk)
    assert 'datetime="2026-03-02T14:00:00+02:00"' in html


@pytest.mark.parametrize(
    "text",
    [
        'Nothing to see: here. 5 < 6 & "so on" it\'s',
        "See HTTPS://example.org/a?b=1&c=2, or www.example.pl.",
        "(moot.org) or moot.org/raft, moot.ORG. and raft.xyz",
        "Write to mira@example.org; ask @bo",
        "Дивись: приклад.com, далі ні.слова",
        "",
    ],
)
def test_addresses_become_links_as_django_makes_them(text: str) -> None:
    assert linked(text) == urlize(text, nofollow=True, autoescape=True)
