from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conftest import Make
from folkmoot.analytics.models import MemberDay
from folkmoot.channels import connecting
from folkmoot.channels.models import Channel, Connection, Delivery, Health, Recall, Stop
from folkmoot.channels.outbox import actions as outbox
from folkmoot.conversations.models import Conversation, Message
from folkmoot.members.models import Activity, Member
from folkmoot.networks.acts import Reply
from folkmoot.networks.base import Person, Place, Reaction, SeenMove
from folkmoot.web import jobs
from folkmoot.web.channels.tests.conftest import HALL, SQUARE, Connect, Village
from folkmoot.workspaces.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def hers(mira: User, signed_in: SignIn) -> Client:
    return signed_in(mira)


@pytest.fixture
def account(square: Channel) -> Connection:
    assert square.connection
    return square.connection


def at(account: Connection, path: str = "") -> str:
    return f"/w/moot/channels/accounts/{account.pk}/{path}"


def test_a_workspace_without_accounts_is_invited_to_connect_one(hers: Client, workspace: Workspace) -> None:
    page = hers.get("/w/moot/channels/").content.decode()
    assert "Connect your first account" in page
    assert "Stop everything" not in page


def test_accounts_are_listed_with_their_channels_and_history_apart(
    hers: Client, square: Channel, make: Make, workspace: Workspace
) -> None:
    make.channel(workspace, "old tavern")
    page = hers.get("/w/moot/channels/").content.decode()
    assert "Voice a1" in page
    assert "the community" in page
    assert "Waits to be read for the first time" in page
    head, _fold, past = page.partition("1 channel that is history")
    assert "The Square" in head
    assert "old tavern" in past
    assert "old tavern" not in head


def test_health_is_told_in_plain_words(hers: Client, square: Channel, account: Connection) -> None:
    now = timezone.now()
    Health.objects.create(channel=square, last_read_at=now - timedelta(minutes=2), lag=130)
    page = hers.get(at(account)).content.decode()
    assert ">Read <" in page or "Read <time" in page
    assert "2 minutes behind" in page
    Health.objects.update(failing_since=now, error="The gate is shut.", retry_at=now)
    assert "The gate is shut." in hers.get(at(account)).content.decode()
    Health.objects.update(failing_since=None, last_read_at=now - timedelta(hours=3))
    Connection.objects.update(created_at=now - timedelta(days=1), checked_at=now - timedelta(days=1), leased_until=now)
    page = hers.get(at(account)).content.decode()  # a silent place is no failure
    assert "Nobody listens" not in page
    assert "Not read at present" not in page
    Connection.objects.update(leased_until=now - timedelta(minutes=2))
    page = hers.get(at(account)).content.decode()
    assert "Nobody listens" in page
    assert "Not read at present" in page


def test_an_account_that_must_be_connected_again_says_so(hers: Client, account: Connection) -> None:
    Connection.objects.update(state="broken", error="The token was taken back.", failing_since=timezone.now())
    page = hers.get(at(account)).content.decode()
    assert "The token was taken back." in page
    assert "the account must be connected again" in page


@pytest.mark.parametrize(("days", "told"), [(3, True), (30, False)])
def test_the_end_of_a_permission_is_warned_of(hers: Client, account: Connection, days: int, told: bool) -> None:
    Connection.objects.update(token_expires_at=timezone.now() + timedelta(days=days, minutes=5))
    page = hers.get(at(account)).content.decode()
    assert (f"runs out in {days} days" in page) == told
    assert f"holds for {days} more days" in page


def test_rights_are_checked_now(hers: Client, account: Connection, village: Village) -> None:
    village.rights = ()
    hers.post(at(account, "check/"))
    account.refresh_from_db()
    assert account.rights == []
    village.refusal = "Nobody opens."
    page = hers.post(at(account, "check/"), follow=True).content.decode()
    assert "Nobody opens." in page


def test_an_account_is_paused_and_goes_on(hers: Client, account: Connection) -> None:
    hers.post(at(account, "pause/"))
    account.refresh_from_db()
    assert account.state == "paused"
    assert "Paused: nothing is read or sent." in hers.get(at(account)).content.decode()
    hers.post(at(account, "pause/"))
    account.refresh_from_db()
    assert account.state == "active"


def test_the_address_for_the_networks_calls_is_shown_and_subscribed(
    hers: Client, account: Connection, village: Village
) -> None:
    url = f"http://testserver/hooks/{account.address}/"
    assert url in hers.get(at(account)).content.decode()
    hers.post(at(account, "subscribe/"))
    assert village.subscribed == [url]


def test_places_are_added_those_only_met_too(hers: Client, account: Connection, village: Village) -> None:
    Connection.objects.update(met={"well": {"name": "The Well", "kind": "chat", "url": ""}})
    page = hers.get(at(account, "places/")).content.decode()
    assert "The Well" in page
    assert "The Hall" in page
    assert "The Square" not in page  # it is a channel already
    hers.post(at(account, "places/"), {"places": ["well"], "back": "all"})
    channel = Channel.objects.get(remote_id="well")
    assert Recall.objects.get(channel=channel).since.year == 1970
    account.refresh_from_db()
    assert account.met == {}


def test_places_of_a_network_that_does_not_answer_say_why(hers: Client, account: Connection, village: Village) -> None:
    village.places = []
    page = hers.get(at(account, "places/")).content.decode()
    assert "All places are connected" in page


def test_the_past_of_a_channel_is_read_later_and_its_progress_shown(
    hers: Client, account: Connection, square: Channel
) -> None:
    hers.post(f"/w/moot/channels/{square.pk}/past/", {"back": "365"})
    Recall.objects.update(state="running", done=0.5, messages_new=1234)
    page = hers.get(at(account)).content.decode()
    assert 'value="0.500"' in page
    assert "1,234 messages" in page
    again = hers.post(f"/w/moot/channels/{square.pk}/past/", {"back": "30"}, follow=True)
    assert "is being read already" in again.content.decode()


def test_a_channel_is_paused_and_becomes_history(hers: Client, account: Connection, square: Channel) -> None:
    hers.post(f"/w/moot/channels/{square.pk}/pause/")
    square.refresh_from_db()
    assert square.paused
    hers.post(f"/w/moot/channels/{square.pk}/release/")
    square.refresh_from_db()
    assert square.connection is None
    assert hers.post(f"/w/moot/channels/{square.pk}/pause/").status_code == 404


def test_disconnecting_keeps_what_was_said(
    hers: Client, account: Connection, square: Channel, make: Make, mira: User
) -> None:
    make.talk(square, ("ada", "hello"))
    outbox.order(square, Reply(SQUARE, "t", "m1", "too late"), by=mira)
    assert "Keep it as history" in hers.get(at(account, "disconnect/")).content.decode()
    hers.post(at(account, "disconnect/"), {"history": "keep"})
    account.refresh_from_db()
    assert (account.state, account.secrets) == ("gone", "")
    assert Message.objects.count() == 1
    assert Delivery.objects.get().state == "cancelled"
    assert hers.get(at(account)).status_code == 404


def test_forgetting_needs_the_name_and_an_owner(
    hers: Client, account: Connection, square: Channel, make: Make, signed_in: SignIn, workspace: Workspace,
    make_person: Callable[..., User],
) -> None:  # fmt: skip
    make.talk(square, ("ada", "hello"))
    assert hers.post(at(account, "disconnect/"), {"history": "forget", "name": "wrong"}).status_code == 422
    admin = signed_in(make_person("ada@example.org", "Ada", workspace, "admin"))
    assert "Forget it" not in admin.get(at(account, "disconnect/")).content.decode()
    assert admin.post(at(account, "disconnect/"), {"history": "forget", "name": account.name}).status_code == 422
    account.refresh_from_db()
    assert account.state == "active"
    hers.post(at(account, "disconnect/"), {"history": "forget", "name": account.name})
    assert "is being deleted" in hers.get("/w/moot/channels/").content.decode()
    assert jobs.forgetting_in(workspace) == {square.pk}


def test_a_forgotten_channel_leaves_nothing_of_what_was_said(
    mira: User, account: Connection, square: Channel, make: Make, workspace: Workspace
) -> None:
    other = make.channel(workspace, "tavern", network="village")
    make.receive(other, [make.seen("ada", "before", minute=-600, thread="t")])
    seen = [
        make.seen("ada", f"said {n}", minute=n, thread=f"t{n // 2}", id=f"s{n}",
                  reactions=(Reaction("👍", 1, (Person("bo", "Bo"),)),))
        for n in range(6)
    ]  # fmt: skip
    make.receive(square, [*seen, SeenMove("j1", make.noon, Person("bo", "Bo"), "join")])
    make.count(workspace)
    message = Message.objects.get(remote_id="s0")
    outbox.order(square, Reply(SQUARE, "t0", "s0", "hello"), by=mira, about=f"message:{message.pk}")
    connecting.disconnect(account, by=mira)
    jobs.forget_channel(square.pk, workspace.pk, mira.pk)
    jobs.forget_channel(square.pk, workspace.pk, mira.pk)  # once more does no harm
    assert not Channel.objects.filter(pk=square.pk).exists()
    assert list(Message.objects.values_list("text", flat=True)) == ["before"]
    assert Conversation.objects.count() == 1
    assert Activity.objects.count() == 1
    assert not Delivery.objects.exists()
    ada, bo = Member.objects.get(name="Ada"), Member.objects.get(name="Bo")
    assert (ada.message_count, bo.reaction_count) == (1, 0)
    assert ada.last_seen_at == make.noon - timedelta(minutes=600)
    assert not MemberDay.objects.filter(channel_id=square.pk).exists()
    assert MemberDay.objects.filter(channel_id=0).count() == 1
    assert AuditEntry.objects.filter(act="channel.forget", user=mira).exists()


def test_everything_is_stopped_and_let_go_again(
    hers: Client, bo: User, square: Channel, workspace: Workspace, signed_in: SignIn
) -> None:
    his = signed_in(bo)
    his.post("/w/moot/sent/stop/", {"reason": "storm"})
    page = hers.get("/w/moot/channels/").content.decode()
    assert "everything is stopped" in page
    assert "storm" in page
    assert his.post("/w/moot/sent/go-on/").status_code == 403
    hers.post("/w/moot/sent/go-on/", {"next": "/w/moot/channels/"})
    assert not Stop.objects.exists()


def test_one_channel_is_stopped(hers: Client, square: Channel, account: Connection) -> None:
    answer = hers.post("/w/moot/sent/stop/", {"channel": square.pk, "next": "https://evil.example/"})
    assert answer["Location"] == "/w/moot/sent/"
    page = hers.get(at(account)).content.decode()
    assert "Nothing goes out of “The Square”." in page
    assert "sending stopped" in page
    hers.post("/w/moot/sent/go-on/", {"channel": square.pk})
    assert not Stop.objects.exists()


def test_a_moderator_of_some_channels_stops_only_those(
    bo: User, square: Channel, workspace: Workspace, connect: Connect, mira: User, signed_in: SignIn
) -> None:
    assert square.connection
    [hall] = connecting.choose(square.connection, [HALL], since=None, by=mira, now=timezone.now())
    bo.roles.update(channel_ids=[hall.pk])
    his = signed_in(bo)
    assert his.post("/w/moot/sent/stop/").status_code == 403
    assert his.post("/w/moot/sent/stop/", {"channel": square.pk}).status_code == 404
    his.post("/w/moot/sent/stop/", {"channel": hall.pk})
    assert Stop.objects.get().channel == hall


@pytest.mark.parametrize(
    "path",
    [
        "accounts/{account}/",
        "accounts/{account}/again/",
        "accounts/{account}/places/",
        "accounts/{account}/disconnect/",
    ],
)
def test_accounts_are_for_admins_of_this_workspace(
    path: str, account: Connection, bo: User, zoe: User, signed_in: SignIn, other_workspace: Workspace
) -> None:
    path = path.format(account=account.pk)
    assert signed_in(bo).get(f"/w/moot/channels/{path}").status_code == 403
    assert signed_in(zoe).get(f"/w/moot/channels/{path}").status_code == 404
    assert signed_in(zoe).get(f"/w/elsewhere/channels/{path}").status_code == 404


@pytest.mark.parametrize("path", ["accounts/{account}/pause/", "accounts/{account}/check/", "accounts/{account}/subscribe/",
                                  "{channel}/pause/", "{channel}/release/", "{channel}/past/"])  # fmt: skip
def test_nobody_else_changes_an_account(
    path: str, account: Connection, square: Channel, bo: User, zoe: User, signed_in: SignIn
) -> None:
    path = path.format(account=account.pk, channel=square.pk)
    assert signed_in(bo).post(f"/w/moot/channels/{path}").status_code == 403
    assert signed_in(zoe).post(f"/w/moot/channels/{path}").status_code == 404
    assert signed_in(zoe).post(f"/w/elsewhere/channels/{path}").status_code == 404


def test_the_list_asks_the_database_no_more_for_more_accounts(
    hers: Client,
    connect: Connect,
    workspace: Workspace,
    mira: User,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for n in range(8):
        connect(workspace, mira, Place(f"p{n}", f"Place {n}"), account=f"a{n}")
    with django_assert_max_num_queries(26):  # type: ignore[attr-defined]
        hers.get("/w/moot/channels/")
