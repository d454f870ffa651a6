"""The box for an answer in a conversation, and acting on messages and people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conftest import Make
from folkmoot.channels import connecting
from folkmoot.channels.models import Channel, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Conversation, Message
from folkmoot.members.models import Member
from folkmoot.web.channels.tests.conftest import HALL, Connect
from folkmoot.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def talk(square: Channel, make: Make) -> Conversation:
    make.receive(
        square,
        [
            make.seen("ada", "who rings the bell?", minute=0, thread="t", id="m1"),
            make.seen("voice", "I do", minute=1, thread="t", id="m2", ours=True),
            make.seen("eve", "and at night?", minute=2, thread="t", id="m3"),
        ],
    )
    return Conversation.objects.get()


@pytest.fixture
def his(bo: User, signed_in: SignIn) -> Client:
    return signed_in(bo)


def page_of(client: Client, talk: Conversation, query: str = "") -> str:
    return client.get(f"/w/moot/inbox/{talk.pk}/{query}").content.decode()


def key_in(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert found
    return found[1]


def send(client: Client, talk: Conversation, text: str, *, answer: str = "", key: str = "") -> int:
    key = key or key_in(page_of(client, talk))
    return client.post(f"/w/moot/inbox/{talk.pk}/reply/", {"text": text, "answer": answer, "key": key}).status_code


def test_the_box_says_from_which_account_it_goes_and_to_whom(his: Client, talk: Conversation) -> None:
    page = page_of(his, talk)
    assert "From Voice a1 · Village" in page
    assert 'data-most="40"' in page
    assert "<strong>Eve</strong> and at night?" in page.partition('id="reply"')[2]


def test_an_answer_is_ordered_about_the_message_it_answers(his: Client, talk: Conversation, bo: User) -> None:
    assert send(his, talk, "At night I sleep") == 302
    delivery = Delivery.objects.get()
    eve = Message.objects.get(remote_id="m3")
    assert delivery.payload == {
        "thread": "t", "parent": "m3", "text": "At night I sleep", "person": "eve", "title": "",
    }  # fmt: skip
    assert (delivery.about, delivery.ordered_by, delivery.state) == (f"message:{eve.pk}", bo, "ready")
    page = page_of(his, talk)
    assert "At night I sleep" in page.partition('id="underway"')[2]
    assert ">Ready<" in page


def test_another_message_is_answered_by_its_link(his: Client, talk: Conversation) -> None:
    ada = Message.objects.get(remote_id="m1")
    page = page_of(his, talk, f"?answer={ada.pk}")
    assert "<strong>Ada</strong>" in page.partition('id="reply"')[2]
    send(his, talk, "Every day", answer=str(ada.pk))
    assert Delivery.objects.get().payload["parent"] == "m1"


def test_a_message_of_elsewhere_is_not_answered_by_mistake(
    his: Client, talk: Conversation, make: Make, workspace: Workspace
) -> None:
    make.talk(make.channel(workspace, "tavern"), ("sly", "psst"))
    other = Message.objects.get(text="psst")
    send(his, talk, "Hm", answer=str(other.pk))
    assert Delivery.objects.get().payload["parent"] == "m3"


def test_the_same_form_sent_twice_is_one_answer(his: Client, talk: Conversation) -> None:
    key = key_in(page_of(his, talk))
    send(his, talk, "Once", key=key)
    send(his, talk, "Once", key=key)
    assert Delivery.objects.count() == 1


def test_an_answer_that_is_too_long_is_kept_in_the_box(his: Client, talk: Conversation) -> None:
    answer = his.post(
        f"/w/moot/inbox/{talk.pk}/reply/", {"text": "x" * 42, "key": key_in(page_of(his, talk)), "answer": ""}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "2 characters too long" in page
    assert "x" * 42 in page
    assert not Delivery.objects.exists()
    assert send(his, talk, "  ") == 422


def test_how_an_answer_goes_is_read_by_the_page_itself(his: Client, talk: Conversation) -> None:
    send(his, talk, "At night I sleep")
    there = f"/w/moot/inbox/{talk.pk}/deliveries/"
    assert "Ready" in his.get(there).content.decode()
    Delivery.objects.update(state="unsure", puzzled=True)
    assert "Needs you" in his.get(there).content.decode()
    Delivery.objects.update(state="refused", puzzled=False, error="The square is shut.", ended_at=timezone.now())
    assert "The square is shut." in his.get(there).content.decode()
    Delivery.objects.update(ended_at=timezone.now() - timedelta(days=8))
    assert "The square is shut." not in his.get(there).content.decode()


def test_what_was_sent_shows_until_the_network_tells_of_it(
    his: Client, talk: Conversation, square: Channel, make: Make
) -> None:
    send(his, talk, "At night I sleep")
    Delivery.objects.update(state="sent", remote_id="m9", ended_at=timezone.now())
    there = f"/w/moot/inbox/{talk.pk}/deliveries/"
    assert "At night I sleep" in his.get(there).content.decode()
    make.receive(square, [make.seen("voice", "At night I sleep", minute=9, thread="t", id="m9", ours=True)])
    assert "At night I sleep" not in his.get(there).content.decode()


def test_who_does_not_speak_has_no_box(
    talk: Conversation, gil: User, zoe: User, signed_in: SignIn, workspace: Workspace
) -> None:
    client = signed_in(gil)
    page = page_of(client, talk)
    assert 'id="reply"' not in page
    assert "Act on this message" not in page
    assert client.post(f"/w/moot/inbox/{talk.pk}/reply/", {"text": "hi"}).status_code == 403
    assert client.get(f"/w/moot/inbox/{talk.pk}/deliveries/").status_code == 403
    stranger = signed_in(zoe)
    assert stranger.post(f"/w/moot/inbox/{talk.pk}/reply/", {"text": "hi"}).status_code == 404
    assert stranger.post(f"/w/elsewhere/inbox/{talk.pk}/reply/", {"text": "hi"}).status_code == 404
    assert stranger.get(f"/w/elsewhere/inbox/{talk.pk}/deliveries/").status_code == 404


def test_history_has_no_box(his: Client, make: Make, workspace: Workspace) -> None:
    make.talk(make.channel(workspace, "tavern"), ("ada", "hello"))
    assert 'id="reply"' not in page_of(his, Conversation.objects.get())


def test_a_personal_account_is_answered_from_by_its_owner_alone(
    his: Client, mira: User, connect: Connect, workspace: Workspace, make: Make, signed_in: SignIn
) -> None:
    hall = connect(workspace, mira, HALL, personal=True, account="p1").channels.get()
    make.talk(hall, ("ada", "hello"))
    talk = Conversation.objects.get()
    page = page_of(his, talk)
    assert "personal account of Mira Kask, who alone can answer here" in page
    assert 'id="reply"' not in page
    assert his.post(f"/w/moot/inbox/{talk.pk}/reply/", {"text": "hi"}).status_code == 403
    message = Message.objects.get()
    assert his.get(f"/w/moot/inbox/messages/{message.pk}/").status_code == 403
    assert his.post(f"/w/moot/inbox/messages/{message.pk}/", {"do": "ban"}).status_code == 403
    hers = signed_in(mira)
    assert "personal: Mira Kask" in page_of(hers, talk)
    assert send(hers, talk, "hi") == 302


def test_an_answer_that_would_wait_says_so(
    his: Client, talk: Conversation, mira: User, workspace: Workspace, square: Channel
) -> None:
    actions.stop(workspace, None, by=mira)
    assert "Sending is stopped" in page_of(his, talk)
    actions.release(workspace, None, by=mira)
    assert square.connection
    connecting.pause(square.connection, by=mira)
    assert "The account is paused" in page_of(his, talk)


def act_page(client: Client, remote_id: str) -> str:
    message = Message.objects.get(remote_id=remote_id)
    return client.get(f"/w/moot/inbox/messages/{message.pk}/").content.decode()


def do(client: Client, remote_id: str, what: str, **more: str) -> int:
    message = Message.objects.get(remote_id=remote_id)
    return client.post(f"/w/moot/inbox/messages/{message.pk}/", {"do": what, **more}).status_code


def test_our_own_message_is_edited_and_deleted(his: Client, talk: Conversation) -> None:
    page = act_page(his, "m2")
    assert "Say it otherwise" in page
    assert "The person:" not in page  # nobody of ours is banned by mistake
    assert do(his, "m2", "edit", text="I do, at noon") == 302
    edit = Delivery.objects.get(act="edit")
    assert edit.payload == {"remote_id": "m2", "text": "I do, at noon", "title": ""}
    assert do(his, "m2", "edit", text="x" * 41) == 422
    assert do(his, "m2", "delete", reason="wrong") == 302
    assert Delivery.objects.get(act="delete").payload == {"remote_id": "m2", "reason": "wrong"}
    assert do(his, "m2", "ban") == 403


def test_anothers_message_is_moderated_and_its_author_banned_for_a_time(his: Client, talk: Conversation) -> None:
    page = act_page(his, "m3")
    assert "Say it otherwise" not in page
    assert 'value="hide"' in page
    assert 'value="ban"' in page
    assert 'value="kick"' not in page  # the network has no such thing
    assert do(his, "m3", "hide", reason="spam") == 302
    assert Delivery.objects.latest("pk").payload["message"] == "m3"
    assert do(his, "m3", "ban", reason="shouting", lasts="86400") == 302
    ban = Delivery.objects.latest("pk")
    assert (ban.payload["verb"], ban.payload["person"], ban.payload["reason"]) == ("ban", "eve", "shouting")
    assert datetime.fromisoformat(ban.payload["until"]) > timezone.now() + timedelta(hours=23)
    assert do(his, "m3", "ban", lasts="1") == 422
    assert do(his, "m3", "edit", text="words put into her mouth") == 403
    assert do(his, "m3", "kick") == 403
    assert do(his, "m3", "nonsense") == 403


def test_one_of_us_is_not_silenced(his: Client, talk: Conversation) -> None:
    Member.objects.filter(name="Eve").update(ours=True)
    assert 'value="ban"' not in act_page(his, "m3")
    assert do(his, "m3", "ban") == 403


def test_a_network_that_offers_nothing_says_so(
    his: Client, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Mute:
        def __init__(self, access: object) -> None: ...

    monkeypatch.setattr("folkmoot.web.channels.tests.conftest.Plain.session", Mute)
    assert "Nothing can be done to it from here" in act_page(his, "m3")
    assert "takes no answers from here" in page_of(his, talk)


def test_a_member_is_banned_where_we_moderate(his: Client, talk: Conversation) -> None:
    eve = Member.objects.get(name="Eve")
    assert "Mute or ban" in his.get(f"/w/moot/members/{eve.pk}/").content.decode()
    page = his.get(f"/w/moot/members/{eve.pk}/act/").content.decode()
    [value] = re.findall(r'value="(mute\.\d+\.\d+)"', page)
    assert (
        his.post(f"/w/moot/members/{eve.pk}/act/", {"do": value, "lasts": "3600", "reason": "noise"}).status_code == 302
    )
    delivery = Delivery.objects.get()
    assert (delivery.payload["verb"], delivery.payload["person"], delivery.about) == ("mute", "eve", f"member:{eve.pk}")
    assert "the member" in his.get(f"/w/moot/sent/{delivery.pk}/").content.decode()
    forged = value.replace("mute.", "kick.")
    assert his.post(f"/w/moot/members/{eve.pk}/act/", {"do": forged}).status_code == 403


def test_acting_is_for_those_who_speak(talk: Conversation, gil: User, zoe: User, bo: User, signed_in: SignIn) -> None:
    eve, message = Member.objects.get(name="Eve"), Message.objects.get(remote_id="m3")
    for there in (f"members/{eve.pk}/act/", f"inbox/messages/{message.pk}/"):
        assert signed_in(gil).get(f"/w/moot/{there}").status_code == 403
        assert signed_in(gil).post(f"/w/moot/{there}", {"do": "ban"}).status_code == 403
        assert signed_in(zoe).get(f"/w/moot/{there}").status_code == 404
        assert signed_in(zoe).get(f"/w/elsewhere/{there}").status_code == 404
    bo.roles.update(channel_ids=[10**9])
    assert signed_in(bo).get(f"/w/moot/inbox/messages/{message.pk}/").status_code == 404
    assert "in no connected channel" in signed_in(bo).get(f"/w/moot/members/{eve.pk}/act/").content.decode()
    assert not Delivery.objects.exists()


def test_secrets_that_can_not_be_opened_offer_nothing(his: Client, talk: Conversation, square: Channel) -> None:
    assert square.connection
    type(square.connection).objects.update(secrets="gibberish")
    assert "takes no answers" in page_of(his, talk)
