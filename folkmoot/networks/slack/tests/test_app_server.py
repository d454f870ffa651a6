"""Against emulate, which imitates Slack's Web API: connected, read, answered, changed and moderated."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Invitation, Media, Moderation, Pending, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access
from folkmoot.networks.slack import Slack
from folkmoot.networks.slack.session import SlackSession
from servers.base import Running

pytestmark = pytest.mark.servers


class Fan:
    """Somebody else, by the server's own API."""

    def __init__(self, address: str, token: str = "xoxb-fan") -> None:  # noqa: S107
        self.address, self.token = address, token

    def do(self, method: str, **given: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.address}/{method}", headers=headers, data=given, trust_env=False).json()
        assert answer["ok"], answer
        return dict(answer)

    def say(self, place: Place, words: str, **more: Any) -> str:
        return str(self.do("chat.postMessage", channel=place.remote_id, text=words, **more)["ts"])


@pytest.fixture
def slack(server: Callable[[str], Running]) -> Running:
    return server("emulate")


@pytest.fixture
def fan(slack: Running) -> Fan:
    return Fan(slack.details["slack"])


@pytest.fixture
def session(slack: Running, access: Callable[..., Access]) -> SlackSession:
    return SlackSession(access({"server": slack.details["slack"]}, {"token": "xoxb-brand"}))


@pytest.fixture
def place(session: SlackSession, slack: Running) -> Place:
    """A channel of its own, which both are in."""
    brand = Fan(slack.details["slack"], "xoxb-brand")
    ident = brand.do("conversations.create", name=f"garden-{time.monotonic_ns()}")["channel"]["id"]
    Fan(slack.details["slack"]).do("conversations.join", channel=ident)
    return next(one for one in session.places() if one.remote_id == ident)


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {one.remote_id: one for one in batch.seen if isinstance(one, SeenMessage)}


def sent(made: Sent | Pending) -> Sent:
    assert isinstance(made, Sent)
    return made


def test_it_says_who_we_are_and_what_is_granted(session: SlackSession) -> None:
    checkup = session.check()
    assert (checkup.account.handle, checkup.account.remote_id[0]) == ("brand", "U")
    assert {right.granted for right in checkup.rights} == {None}
    session.close()


def test_what_somebody_says_is_read_once_and_on_from_the_cursor(session: SlackSession, fan: Fan, place: Place) -> None:
    kind = session.kinds(place)[0].name
    start = session.poll(place, kind, "")
    ts = fan.say(place, "Коли збираємось? 🌱 &amp; де")
    batch = session.poll(place, kind, start.cursor)
    message = messages(batch)[ts]
    assert (message.text, message.author.name, message.ours) == ("Коли збираємось? 🌱 & де", "fan", False)
    assert session.poll(place, kind, "not a cursor").seen


def test_an_answer_joins_its_thread_and_is_read_back_as_ours(session: SlackSession, fan: Fan, place: Place) -> None:
    ts = fan.say(place, "question")
    made = sent(session.reply(Reply(place, "", ts, "<так> & 🌻"), "key-1"))
    assert made.seen and (made.seen.thread, made.seen.parent, made.seen.ours) == (ts, ts, True)
    again = fan.say(place, "thanks", thread_ts=ts)
    batch = session.poll_thread(place, ts, "")
    read = messages(batch)
    assert (read[made.remote_id].text, read[made.remote_id].ours) == ("<так> & 🌻", True)
    assert (read[again].thread, read[again].parent) == (ts, ts)
    assert read[ts].thread == ts
    nested = sent(session.reply(Reply(place, "", again, "welcome"), "key-2"))
    assert nested.seen and nested.seen.thread == ts


def test_what_was_sent_is_found_by_its_key_and_only_then(session: SlackSession, fan: Fan, place: Place) -> None:
    since = datetime.now(UTC) - timedelta(seconds=5)
    act = Publication(place, "hello", title="News")
    made = sent(session.publish(act, "key-3"))
    found = session.find_own(act, "key-3", since=since)
    assert found and found.remote_id == made.remote_id
    assert session.find_own(act, "key-4", since=since) is None
    reply = Reply(place, made.remote_id, made.remote_id, "more")
    assert session.find_own(reply, "key-5", since=since) is None
    answered = sent(session.reply(reply, "key-5"))
    found = session.find_own(reply, "key-5", since=since)
    assert found and found.remote_id == answered.remote_id


def test_edits_and_deletions_take_effect_and_may_be_repeated(session: SlackSession, place: Place) -> None:
    made = sent(session.publish(Publication(place, "old"), "k"))
    changes = session.poll(place, "changes", "")
    for _ in range(2):
        session.edit(Edit(place, made.remote_id, "new"), "k")
    edited = messages(session.poll(place, "changes", changes.cursor))[made.remote_id]
    assert edited.text == "new"
    keeper = sent(session.publish(Publication(place, "stays"), "k"))
    changes = session.poll(place, "changes", "")
    session.delete(Deletion(place, keeper.remote_id), "k")
    first = sent(session.publish(Publication(place, "later"), "k"))
    batch = session.poll(place, "changes", changes.cursor)
    assert SeenDeletion in {type(one) for one in batch.seen if one.remote_id == keeper.remote_id}
    assert first.remote_id in messages(batch)
    session.delete(Deletion(place, keeper.remote_id), "k")
    with pytest.raises(Refused, match="no such message"):
        session.edit(Edit(place, keeper.remote_id, "x"), "k")


def test_a_file_is_sent_and_waited_for(session: SlackSession, place: Place) -> None:
    act = Publication(place, "Троянди", media=(Media("rose.png", "image/png", b"\x89PNG", alt="a rose"),))
    pending = session.publish(act, "k")
    assert isinstance(pending, Pending)
    made = sent(session.finish(act, pending.handle, "k"))
    assert made.seen and [(file.kind, file.name) for file in made.seen.attachments] == [("image", "rose.png")]
    assert (made.seen.text, made.seen.ours) == ("Троянди", True)
    again = sent(session.finish(act, pending.handle, "k"))
    assert again.remote_id == made.remote_id


def test_reactions_of_others_are_counted_with_the_message(session: SlackSession, fan: Fan, place: Place) -> None:
    ts = fan.say(place, "hello")
    fan.do("reactions.add", channel=place.remote_id, timestamp=ts, name="thumbsup")
    (reaction,) = messages(session.poll(place, "changes", ""))[ts].reactions
    assert (reaction.value, reaction.count, reaction.people[0].name) == (":thumbsup:", 1, "fan")


def test_pinning_removing_and_inviting_take_effect_and_may_be_repeated(
    session: SlackSession, fan: Fan, place: Place
) -> None:
    ts = fan.say(place, "rules")
    person = fan.do("auth.test")["user_id"]
    assert session.verbs(place) == {"pin", "unpin", "kick"}
    for _ in range(2):
        session.moderate(Moderation(place, "pin", message=ts), "k")
    assert len(fan.do("pins.list", channel=place.remote_id)["items"]) == 1
    for _ in range(2):
        session.moderate(Moderation(place, "unpin", message=ts), "k")
        session.moderate(Moderation(place, "kick", person=person), "k")
    assert person not in fan.do("conversations.members", channel=place.remote_id)["members"]
    for _ in range(2):
        session.invite(Invitation(place, person), "k")
    assert person in fan.do("conversations.members", channel=place.remote_id)["members"]


def test_the_past_is_read_with_its_threads(session: SlackSession, fan: Fan, place: Place) -> None:
    ts = fan.say(place, "first")
    answers = {fan.say(place, f"answer {n}", thread_ts=ts) for n in range(3)}
    found: dict[str, SeenMessage] = {}
    cursor, more, done = "", True, 0.0
    while more:
        recalled = session.recall(place, cursor, since=datetime.now(UTC) - timedelta(hours=1))
        found |= messages(recalled.batch)
        cursor, more, done = recalled.batch.cursor, recalled.batch.more, recalled.done or 0.0
    assert answers | {ts} <= set(found)
    assert done == 1.0


def test_signing_in_brings_a_token(slack: Running, access: Callable[..., Access]) -> None:
    settings = {"server": slack.details["slack"], "client_id": "1.2", "client_secret": "app-secret"}
    made = access(settings)
    begun = Slack().begin(settings, made.http, callback="https://folk.example/back", state="s", challenge="c")
    page = httpx.get(begun.url, trust_env=False)
    assert page.status_code == 200
    form = dict(httpx.URL(begun.url).params.items())
    person = Fan(slack.details["slack"]).do("auth.test")["user_id"]
    base = slack.details["slack"].removesuffix("/api")
    back = httpx.post(
        f"{base}/oauth/v2/authorize/callback", data={**form, "user_id": person}, trust_env=False, follow_redirects=False
    )
    code = httpx.URL(back.headers["location"]).params["code"]
    callback = "https://folk.example/back"
    tokens = Slack().finish(settings, made.http, kept=begun.kept, callback=callback, code=code, verifier="v")
    assert tokens.secrets["token"].startswith("xoxb")
    assert tokens.settings["team"] == "Garden"
