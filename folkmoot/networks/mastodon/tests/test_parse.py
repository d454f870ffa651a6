"""What a server gives, read without one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkmoot.networks.base import Attachment, Reaction, SeenMove, SeenReaction
from folkmoot.networks.mastodon.parse import Home, figures, list_of, parse_notification, parse_status, tag_of
from folkmoot.networks.payload import Dates, Unfit

HOME = Home("https://social.example", "social.example", "1", "brand@social.example", "Brand")
DATES = Dates(ZoneInfo("UTC"), datetime(2026, 3, 2, 12, tzinfo=UTC))


def account(ident: str = "2", acct: str = "Mira@other.example", **more: Any) -> dict[str, Any]:
    return {"id": ident, "acct": acct, "username": acct.partition("@")[0], "display_name": "Mira", **more}


def status(**more: Any) -> dict[str, Any]:
    return {
        "id": "10",
        "created_at": "2026-03-01T10:00:00.000Z",
        "account": account(),
        "content": "<p>Привет 😀<br>всем</p>",
        "visibility": "public",
        "url": "https://other.example/@Mira/10",
        **more,
    }


def seen(item: dict[str, Any], thread: str = "") -> Any:
    return parse_status(item, HOME, HOME.page, thread, DATES)


def test_people_are_known_by_their_address_wherever_they_are_seen_from() -> None:
    assert seen(status()).author.remote_id == "mira@other.example"
    local = seen(status(account=account("3", "gil")))
    assert (local.author.remote_id, local.author.handle) == ("gil@social.example", "gil@social.example")
    elsewhere = Home("https://other.example", "other.example", "9", "x@other.example")
    mira = parse_status(status(account=account("77", "Mira")), elsewhere, elsewhere.page, "", DATES)
    assert mira.author.remote_id == "mira@other.example"


def test_a_post_keeps_its_lines_and_its_raw_form() -> None:
    item = status(edited_at="2026-03-01T11:00:00Z", in_reply_to_id="8")
    message = seen(item, "7")
    assert message.text == "Привет 😀\nвсем"
    assert (message.parent, message.thread, message.kind) == ("8", "7", "reply")
    assert message.edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert message.raw is item


def test_links_are_whole_though_they_are_shown_shortened() -> None:
    html = (
        '<p><a href="https://example.org/a/long/path"><span class="invisible">https://</span>'
        '<span class="ellipsis">example.org/a/lo</span><span class="invisible">ng/path</span></a></p>'
    )
    assert seen(status(content=html)).text == "https://example.org/a/long/path"


def test_a_warning_stands_first_and_the_choices_of_a_poll_last() -> None:
    item = status(spoiler_text="food <3", poll={"options": [{"title": "Tea", "votes_count": 4}, {"title": "Milk"}]})
    message = seen(item)
    assert message.text == "food <3\n\nПривет 😀\nвсем\n\n○ Tea\n○ Milk"
    assert "food &lt;3" in message.html


def test_files_come_with_what_is_on_them() -> None:
    files = [
        {"type": "gifv", "url": "https://f.example/1.mp4", "description": "a cat dances"},
        {"type": "unknown", "url": None, "remote_url": "https://f.example/2"},
        {"type": "image", "url": "javascript:x"},
    ]
    assert seen(status(media_attachments=files)).attachments == (
        Attachment("video", "https://f.example/1.mp4", "a cat dances"),
        Attachment("file", "https://f.example/2"),
    )


def test_figures_are_totals_without_names() -> None:
    item = status(favourites_count=2, reblogs_count=1, replies_count=0, poll={"votes_count": 9, "options": []})
    assert seen(item).reactions == (Reaction("favourite", 2), Reaction("boost", 1))
    assert figures(item) == {"likes": 2, "shares": 1, "comments": 0, "votes": 9}
    emoji = status(pleroma={"emoji_reactions": [{"name": "🎉", "count": 3}]})
    assert seen(emoji).reactions == (Reaction("🎉", 3),)


def test_a_quote_answers_what_it_quotes() -> None:
    item = status(quote={"state": "accepted", "quoted_status": {"id": "5"}})
    assert (seen(item).parent, seen(item).kind) == ("5", "mention")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (status(account=None), "no author"),
        (status(id=None), "no id"),
        (status(created_at="yesterday"), "date not understood"),
        (status(created_at=None), "no date"),
        (status(reblog={"id": "4"}), "boost"),
    ],
)
def test_what_can_not_be_taken_says_why(item: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        seen(item)


def test_a_very_long_and_an_empty_post_are_taken() -> None:
    assert len(seen(status(content=f"<p>{'я' * 100_000}</p>")).text) == 100_000
    assert seen(status(content="")).text == ""
    assert seen(status(content=None)).text == ""


def notified(kind: str, **more: Any) -> Any:
    item = {"id": "99", "type": kind, "created_at": "2026-03-01T10:00:00Z", "account": account(), **more}
    return parse_notification(item, HOME, HOME.page, "10", DATES)


def test_notifications_tell_of_posts_reactions_and_followers() -> None:
    assert notified("mention", status=status()).remote_id == "10"
    favourite = notified("favourite", status=status())
    assert isinstance(favourite, SeenReaction)
    assert (favourite.remote_id, favourite.value, favourite.person.remote_id) == (
        "10",
        "favourite",
        "mira@other.example",
    )
    assert notified("reblog", status=status()).value == "boost"
    assert notified("pleroma:emoji_reaction", status=status(), emoji="🔥").value == "🔥"
    follow = notified("follow")
    assert isinstance(follow, SeenMove)
    assert (follow.kind, follow.remote_id) == ("join", "follow/99")
    for unknown in ("poll", "admin.sign_up", "something new"):
        with pytest.raises(Unfit, match="another kind"):
            notified(unknown)


def test_a_place_says_which_hashtag_or_list_it_is() -> None:
    assert tag_of(HOME.tag("Meetup")) == "meetup"
    assert list_of(HOME.list("12", "Friends")) == "12"
    assert tag_of(HOME.page) == list_of(HOME.page) == tag_of(HOME.direct) == ""
