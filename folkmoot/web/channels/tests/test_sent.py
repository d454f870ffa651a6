from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from conftest import Make
from folkmoot.channels.models import Channel, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Message
from folkmoot.networks.acts import Edit, Moderation, Reply
from folkmoot.web.channels.tests.conftest import HALL, SQUARE, Connect
from folkmoot.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def his(bo: User, signed_in: SignIn) -> Client:
    return signed_in(bo)


@pytest.fixture
def delivery(square: Channel, mira: User, make: Make) -> Delivery:
    make.talk(square, ("ada", "who rings the bell?"))
    message = Message.objects.get()
    return actions.order(square, Reply(SQUARE, "t", "m1", "I do, at noon"), by=mira, about=f"message:{message.pk}")


def set_to(delivery: Delivery, state: str, **more: object) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(state=state, **more)


def test_nothing_sent_says_what_will_be_here(his: Client, workspace: Workspace) -> None:
    assert "Nothing was sent yet" in his.get("/w/moot/sent/").content.decode()


def test_what_went_out_is_listed_with_its_account_and_state(his: Client, delivery: Delivery) -> None:
    page = his.get("/w/moot/sent/").content.decode()
    assert "Reply: I do, at noon" in page
    assert "from Voice a1" in page
    assert "The Square" in page
    assert ">Ready<" in page
    assert "Mira Kask" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", True), ("state=sent", False), ("state=person", False), ("act=reply", True), ("act=edit", False),
        ("channel={channel}", True), ("account={account}", True), ("who={who}", True), ("who=999999", True),
    ],
)  # fmt: skip
def test_the_list_is_narrowed(his: Client, delivery: Delivery, query: str, found: bool) -> None:
    query = query.format(channel=delivery.channel_id, account=delivery.connection_id, who=delivery.ordered_by_id)
    page = his.get(f"/w/moot/sent/?{query}").content.decode()
    assert ("I do, at noon" in page) == found
    assert ("Nothing matches" in page) == (not found)


def test_the_list_goes_on_in_pages(his: Client, square: Channel, mira: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("folkmoot.web.channels.sent.PAGE", 2)
    for n in range(5):
        actions.order(square, Reply(SQUARE, "t", "m1", f"answer {n}."), by=mira)
    page = his.get("/w/moot/sent/").content.decode()
    assert "answer 4." in page
    assert "answer 2." not in page
    older = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "answer 2." in his.get(older).content.decode()


def test_a_refused_one_says_why_and_is_tried_again(his: Client, delivery: Delivery) -> None:
    set_to(delivery, "refused", error="The square is closed. Open it first.", ended_at=timezone.now())
    page = his.get(f"/w/moot/sent/{delivery.pk}/").content.decode()
    assert "The square is closed. Open it first." in page
    assert "Mend what it says, then try again." in page
    his.post(f"/w/moot/sent/{delivery.pk}/again/")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("ready", "")


def test_one_that_has_not_begun_is_cancelled(his: Client, delivery: Delivery) -> None:
    assert "send it</button>" in his.get(f"/w/moot/sent/{delivery.pk}/").content.decode()
    his.post(f"/w/moot/sent/{delivery.pk}/cancel/")
    delivery.refresh_from_db()
    assert delivery.state == "cancelled"
    again = his.post(f"/w/moot/sent/{delivery.pk}/cancel/", follow=True).content.decode()
    assert "It is being sent already." in again


@pytest.mark.parametrize(("verdict", "state"), [("done", "sent"), ("again", "ready"), ("leave", "cancelled")])
def test_a_person_decides_what_nobody_knows(his: Client, delivery: Delivery, verdict: str, state: str) -> None:
    set_to(delivery, "unsure", puzzled=True)
    page = his.get("/w/moot/sent/").content.decode()
    assert "1 needs you" in page
    assert 'class="rail-count">1<' in page
    page = his.get(f"/w/moot/sent/{delivery.pk}/").content.decode()
    assert "I do, at noon" in page
    assert "https://village.example/square" in page  # where to look
    assert "who rings the bell?" in page
    his.post(f"/w/moot/sent/{delivery.pk}/decide/", {"verdict": verdict})
    delivery.refresh_from_db()
    assert delivery.state == state
    assert "rail-count" not in his.get("/w/moot/sent/").content.decode()


def test_nonsense_decides_nothing(his: Client, delivery: Delivery) -> None:
    set_to(delivery, "unsure", puzzled=True)
    his.post(f"/w/moot/sent/{delivery.pk}/decide/", {"verdict": "perhaps"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.puzzled) == ("unsure", True)


def test_every_act_has_words(his: Client, square: Channel, mira: User) -> None:
    actions.order(square, Edit(SQUARE, "m1", "at one"), by=mira)
    actions.order(square, Moderation(SQUARE, "ban", person="ada", reason="shouting"), by=mira)
    page = his.get("/w/moot/sent/").content.decode()
    assert "Edit: at one" in page
    assert "Ban: shouting" in page


def test_what_a_personal_account_sends_is_its_owners_to_decide(
    bo: User, mira: User, connect: Connect, workspace: Workspace, signed_in: SignIn
) -> None:
    hall = connect(workspace, mira, HALL, personal=True, account="p1").channels.get()
    delivery = actions.order(hall, Reply(HALL, "t", "m1", "mine alone"), by=mira)
    his = signed_in(bo)
    page = his.get(f"/w/moot/sent/{delivery.pk}/").content.decode()
    assert "only its owner decides" in page
    assert ">personal<" in page
    assert his.post(f"/w/moot/sent/{delivery.pk}/cancel/").status_code == 403
    signed_in(mira).post(f"/w/moot/sent/{delivery.pk}/cancel/")
    delivery.refresh_from_db()
    assert delivery.state == "cancelled"


def test_what_was_sent_is_for_those_who_speak_in_its_channel(
    delivery: Delivery, gil: User, zoe: User, bo: User, signed_in: SignIn
) -> None:
    there = f"/w/moot/sent/{delivery.pk}/"
    assert signed_in(gil).get("/w/moot/sent/").status_code == 403
    assert signed_in(gil).get(there).status_code == 403
    assert signed_in(zoe).get(there).status_code == 404
    assert signed_in(zoe).get(f"/w/elsewhere/sent/{delivery.pk}/").status_code == 404
    for act in ("again", "cancel", "decide"):
        assert signed_in(gil).post(f"{there}{act}/").status_code == 403
        assert signed_in(zoe).post(f"/w/elsewhere/sent/{delivery.pk}/{act}/").status_code == 404
    bo.roles.update(channel_ids=[10**9])
    assert signed_in(bo).get(there).status_code == 404
    assert "I do, at noon" not in signed_in(bo).get("/w/moot/sent/").content.decode()
