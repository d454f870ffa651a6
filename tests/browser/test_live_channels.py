"""Real servers connected in the guided pages: what is said there is heard, answered, edited, deleted, and people banned."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from functools import partial
from imaplib import IMAP4
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from folkmoot.workspaces.models import User, Workspace
from servers import matrix
from servers.base import NotHere, Running, running
from servers.mail import DOMAIN, PASSWORD
from tests.browser.conftest import server_environment
from tests.browser.looking import check_axe, check_fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.servers]

PATIENCE = 60_000


@contextmanager
def real(name: str) -> Iterator[Running]:
    try:
        with running(name) as found:
            yield found
    except NotHere as error:
        pytest.skip(f"no server {name}: {error}")


@pytest.fixture
def processes(server: str, transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Starts a worker and a listener on the tests' database, with further settings if given."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**settings: str) -> None:
        for name in ("worker", "listen"):
            with (tmp_path / f"{name}.log").open("w") as log:
                environment = os.environ | server_environment(tmp_path) | settings
                command = [sys.executable, "-m", "folkmoot", name]
                started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(timeout=30)


def connect(page: Page, workspace: Workspace, network: str, filled: Mapping[str, str]) -> None:
    """Fills in, tries out, takes every place that there is, and connects."""
    page.goto(f"/w/{workspace.slug}/channels/connect/?network={network}")
    for name, value in filled.items():
        field = page.locator(f"[name=field_{name}]")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_label("Private addresses this account may reach").fill("127.0.0.1")
    check_axe(page)
    check_fits(page)
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_role("button", name="Connect", exact=True)).to_be_visible(timeout=PATIENCE)
    shot(page, f"live-{network}-tried")
    for place in page.locator("#places input[type=checkbox]").all():
        place.check()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)


def opened(page: Page, workspace: Workspace, words: str) -> str:
    """The conversation in which somebody said that, once it is heard; its address."""
    page.goto(f"/w/{workspace.slug}/inbox/")
    row = page.locator(".rows > *", has_text=words).first
    expect(row).to_be_visible(timeout=PATIENCE)
    row.locator(".list-link").click()
    expect(page.locator(".message", has_text=words).first).to_be_visible()
    return page.url


def answer(page: Page, to: str, words: str) -> None:
    page.locator(".message", has_text=to).first.get_by_role("link", name="Answer").click()
    page.locator("#reply textarea").fill(words)
    page.get_by_role("button", name="Send").click()


def act(page: Page, on: str, what: str, *, words: str = "") -> None:
    """Something done to a message, or to who wrote it."""
    page.locator(".message[id]", has_text=on).first.get_by_role("link", name="Act on this message").click()
    if words:
        page.locator("textarea").first.fill(words)
    page.locator(f'button[name=do][value="{what}"]').click()
    if what != "edit":
        page.get_by_role("button", name="Do it").click()


def test_a_matrix_room(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, processes: Callable[..., None]
) -> None:
    with real("matrix") as home:
        visitor = matrix.register(home.address, "troll")
        made = {"name": "Harbour", "preset": "public_chat"}
        room = _matrix(home, home.details["token"], "POST", "createRoom", json=made)["room_id"]
        _matrix(home, visitor["access_token"], "POST", f"rooms/{room}/join", json={})
        processes()
        page = open_page(mira)
        connect(page, workspace, "matrix", {"server": home.address, "token": home.details["token"]})
        said = f"rooms/{room}/send/m.room.message/1"
        _matrix(home, visitor["access_token"], "PUT", said, json={"msgtype": "m.text", "body": "Where is the quay?"})
        here = opened(page, workspace, "Where is the quay?")
        answer(page, "Where is the quay?", "Behind the mill.")
        bodies = partial(_bodies, home, home.details["token"], room)
        wait_until(lambda: any("Behind the mill." in body for body in bodies()), page)
        wait_until(lambda: _shows(page, here, "Behind the mill."), page)
        shot(page, "live-matrix-answered")
        act(page, "Behind the mill.", "edit", words="Behind the old mill.")
        wait_until(lambda: any("Behind the old mill." in body for body in bodies()), page)
        page.goto(here)
        act(page, "Where is the quay?", "ban")
        wait_until(lambda: _membership(home, room, visitor["user_id"]) == "ban", page)
        page.goto(here)
        act(page, "Where is the quay?", "delete")
        wait_until(lambda: "Where is the quay?" not in bodies(), page)
        page.goto(f"/w/{workspace.slug}/sent/")
        shot(page, "live-matrix-sent")
        check_fits(page)


def test_a_blog_on_wordpress(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, processes: Callable[..., None]
) -> None:
    with real("wordpress") as blog:
        ask = partial(_wordpress, blog)
        post = ask("POST", "/wp/v2/posts", "keeper", json={"title": "Beans", "content": "Sow?", "status": "publish"})[
            "id"
        ]
        processes()
        page = open_page(mira)
        filled = {"site": blog.address, "user": "olena", "password": blog.details["olena"]}
        connect(page, workspace, "wordpress", filled)
        ann = {"post": post, "author_name": "Ann", "author_email": "ann@example.org"}
        held = ask("POST", "/wp/v2/comments", json=ann | {"content": "When do I sow them?"})["id"]
        here = opened(page, workspace, "When do I sow them?")
        act(page, "When do I sow them?", "approve")
        wait_until(lambda: _status(blog, held) == "approved", page)
        page.goto(here)
        answer(page, "When do I sow them?", "In May.")
        wait_until(lambda: "In May." in _comments(blog), page)
        wait_until(lambda: _shows(page, here, "In May."), page)
        act(page, "In May.", "edit", words="In the middle of May.")
        wait_until(lambda: "In the middle of May." in _comments(blog), page)
        page.goto(here)
        act(page, "When do I sow them?", "delete")
        wait_until(lambda: _status(blog, held) in ("trash", ""), page)


def test_a_mailbox(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, processes: Callable[..., None]
) -> None:
    with real("mail") as post:
        processes()
        page = open_page(mira)
        filled = {"address": f"keeper@{DOMAIN}", "password": PASSWORD}
        for kind in ("imap", "smtp"):
            filled |= {f"{kind}_host": "127.0.0.1", f"{kind}_port": post.details[kind], f"{kind}_security": "none"}
        connect(page, workspace, "email", filled)
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = f"Ann <ann@{DOMAIN}>", f"keeper@{DOMAIN}", "Beans"
        letter["Message-ID"] = f"<beans@{DOMAIN}>"
        letter.set_content("Do you still have seeds?")
        with smtplib.SMTP("127.0.0.1", int(post.details["smtp"]), local_hostname=DOMAIN) as smtp:
            smtp.send_message(letter)
        here = opened(page, workspace, "Do you still have seeds?")
        answer(page, "Do you still have seeds?", "Plenty of them.")
        wait_until(lambda: "Plenty of them." in _letters(post, "ann"), page)
        assert f"In-Reply-To: <beans@{DOMAIN}>" in _letters(post, "ann")
        wait_until(lambda: _shows(page, here, "Plenty of them."), page)


def _shows(page: Page, here: str, words: str) -> bool:
    """Whether the conversation has it as a message of ours, and no longer as one on its way."""
    page.goto(here)
    return page.locator(".message.ours[id]", has_text=words).count() == 1


def _letters(post: Running, name: str) -> str:
    """Everything in somebody's mailbox, as it is."""
    box = IMAP4("127.0.0.1", int(post.details["imap"]))
    try:
        box.login(name, PASSWORD)
        box.select("INBOX")
        _kind, found = box.search(None, "ALL")
        parts = [box.fetch(number, "(RFC822)")[1][0] for number in found[0].split()]
    finally:
        box.logout()
    return "\n".join(part[1].decode() for part in parts if isinstance(part, tuple))


def _wordpress(blog: Running, method: str, route: str, user: str = "", **request: Any) -> Any:
    proof = (user, blog.details[user]) if user else None
    params = {"rest_route": route} | request.pop("params", {})
    answer = httpx.request(method, blog.address, params=params, auth=proof, trust_env=False, timeout=30, **request)
    answer.raise_for_status()
    return answer.json()


def _status(blog: Running, comment: int) -> str:
    try:
        return str(
            _wordpress(blog, "GET", f"/wp/v2/comments/{comment}", "keeper", params={"context": "edit"})["status"]
        )
    except httpx.HTTPStatusError:
        return ""


def _comments(blog: Running) -> str:
    return str(_wordpress(blog, "GET", "/wp/v2/comments", "keeper", params={"context": "edit"}))


def _matrix(home: Running, token: str, method: str, path: str, **request: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{home.address}/_matrix/client/v3/{path}"
    answer = httpx.request(method, url, headers=headers, timeout=30, trust_env=False, **request)
    answer.raise_for_status()
    return dict(answer.json())


def _bodies(home: Running, token: str, room: str) -> list[str]:
    found = _matrix(home, token, "GET", f"rooms/{room}/messages", params={"dir": "b", "limit": "50"})
    return [str(event["content"].get("body", "")) for event in found["chunk"]]


def _membership(home: Running, room: str, user: str) -> str:
    path = f"rooms/{room}/state/m.room.member/{user}"
    return str(_matrix(home, home.details["token"], "GET", path)["membership"])


def wait_until(true: Callable[[], bool], page: Page) -> None:
    for _ in range(PATIENCE // 250):
        if true():
            return
        page.wait_for_timeout(250)
    shot(page, "live-waited-in-vain")
    raise AssertionError("it never came to be")
