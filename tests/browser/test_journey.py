"""A new user's first hour: sign in, import an archive, find, read, and look at who was there and how much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from conftest import Make
from folkmoot.web.conftest import PASSWORD
from folkmoot.workspaces.models import User, Workspace
from tests.browser.conftest import server_environment
from tests.browser.looking import check_axe, check_fits, shot

pytestmark = pytest.mark.browser

PATIENCE = 60_000
SAID = (
    ("Oksana", "Хто вже читав нові книжки про човни?", 0),
    ("Piotr", "Czytałem dwie książki o łodziach.", 5),
    ("Ada", "Three mice live in my boat.", 9),
    ("Oksana", "Дякую!", 12),
)


@pytest.fixture
def worker(server: str, transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A real worker, in a process of its own, on the tests' database."""
    with (tmp_path / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "folkmoot", "worker"],
            env=os.environ | server_environment(tmp_path),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        yield
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A day in one room of a Slack-like export: a channel, a thread, people with ids."""
    folder = tmp_path / "export"
    (folder / "harbour").mkdir(parents=True)
    people = {name: f"U{number}" for number, (name, _text, _minute) in enumerate(SAID)}
    users = [{"id": id_, "name": name.lower(), "real_name": name} for name, id_ in people.items()]
    (folder / "users.json").write_text(json.dumps(users))
    (folder / "channels.json").write_text(
        json.dumps([{"id": "C1", "name": "harbour", "members": list(people.values())}])
    )
    begun = (timezone.now() - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    opening = f"{begun.timestamp():.6f}"
    messages = [
        {
            "type": "message",
            "user": people[name],
            "text": text,
            "ts": f"{(begun + timedelta(minutes=minute)).timestamp():.6f}",
            "thread_ts": opening,
        }
        for name, text, minute in SAID
    ]
    (folder / "harbour" / f"{begun:%Y-%m-%d}.json").write_text(json.dumps(messages))
    target = tmp_path / "harbour.zip"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(target), *map(str, sorted(folder.iterdir()))], check=True
    )
    return target


def test_from_signing_in_to_the_first_numbers(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, worker: None, archive: Path
) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_label("Email").fill(mira.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"/w/{workspace.slug}/inbox/")
    expect(page.get_by_text("Nothing has been said here yet")).to_be_visible()

    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("File").first.set_input_files(archive)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("link", name="Open the inbox")).to_be_visible(timeout=PATIENCE)
    shot(page, "journey-import")
    page.get_by_role("link", name="Open the inbox").click()

    for wanted, found in (("човен", "човни"), ("książka", "książki"), ("mouse", "mice")):
        page.get_by_label("Search").fill(wanted)
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".rows mark")).to_have_text(found)
    page.locator(".rows .list-link").first.click()
    expect(page.locator(".message.target")).to_contain_text("Three mice live in my boat.")
    expect(page.locator(".message")).to_have_count(len(SAID))

    page.locator(".message.target .message-author").click()
    expect(page.get_by_role("heading", name="Ada", level=1)).to_be_visible()
    page.get_by_role("link", name="Numbers").click()
    expect(page.get_by_role("link", name="Messages 4 ")).to_be_visible()
    expect(page.get_by_role("link", name="Active members 3 ")).to_be_visible()
    expect(page.locator(".chart-canvas svg").first).to_be_visible()
    shot(page, "journey-numbers")


def test_the_inbox_by_keyboard_and_live(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, make: Make
) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen(text=f"talk {n}", thread=f"t{n}", minute=n) for n in range(4)])
    page = open_page(mira)
    page.goto(f"/w/{workspace.slug}/inbox/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".list-link:focus")).to_have_text("talk 2")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="talk 3", level=1)).to_be_visible()
    page.go_back()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")

    page.wait_for_timeout(1000)  # the page's ear opens after it is drawn
    make.arrive(channel, [make.seen("zed", "just now", thread="new", minute=99)])
    expect(page.locator(".rows .list-link").first).to_have_text("just now", timeout=PATIENCE)


SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_the_areas_is_accessible_and_fits(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, make: Make, size: str
) -> None:
    channel = make.channel(workspace, "a channel with quite a long name", kind="forum")
    wide = "A line without a single space: " + "x" * 300
    make.receive(
        channel,
        [
            make.seen(
                "ada", wide, thread="a", id="a", html=f"<pre>{wide}</pre><table><tr><td>{wide}</td></tr></table>"
            ),
            make.seen("bo", "an answer", thread="a", minute=1, parent="a"),
            make.seen("cleo", "a question?", thread="b", minute=2),
        ],
    )
    make.count(workspace)
    page = open_page(mira, viewport=SIZES[size])
    here = f"/w/{workspace.slug}"
    page.goto(f"{here}/inbox/")
    conversation = page.locator(".list-link").last.get_attribute("href")
    addresses = {
        "inbox": f"{here}/inbox/",
        "inbox-filtered": f"{here}/inbox/?waiting=on&q=question",
        "inbox-none": f"{here}/inbox/?q=nothinglikeit",
        "conversation": str(conversation),
        "messages": f"{here}/inbox/messages/?of=posts",
        "numbers": f"{here}/numbers/?since=2026-03-01&until=2026-03-31",
        "people": f"{here}/numbers/people/?of=active&since=2026-03-01&until=2026-03-31",
        "members": f"{here}/members/",
        "imports": f"{here}/imports/",
    }
    for name, address in addresses.items():
        page.emulate_media(color_scheme="light")
        page.goto(address)
        page.wait_for_load_state("load")
        check_axe(page)
        check_fits(page)
        shot(page, f"{name}-{size}-light")
        page.emulate_media(color_scheme="dark")
        check_axe(page, rules=["color-contrast"])
        shot(page, f"{name}-{size}-dark")
