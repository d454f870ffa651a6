"""A real server and a real browser; ``tests.browser.looking`` has what a test does with a page.

``open_page(user)`` gives a page signed in as that user; whatever the browser complains of while the test runs (errors
in the console, refusals by the content security policy, answers of 500) fails the test at its end.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright
from psycopg.conninfo import make_conninfo

from folkmoot.conftest import (
    _files_go_to_a_folder_of_the_test,
    _nothing_leaves_this_machine,
    django_db_setup,
    pytest_configure,
)
from folkmoot.web.conftest import (
    _no_remembered_attempts,
    bo,
    gil,
    make_person,
    mira,
    other_workspace,
    workspace,
    zoe,
)
from folkmoot.workspaces.models import User
from tests.browser.looking import DESKTOP, ROOT

# What pytest finds by name in this module: the set-up and the people that all tests share
__all__ = [
    "_files_go_to_a_folder_of_the_test",
    "_no_remembered_attempts",
    "_nothing_leaves_this_machine",
    "bo",
    "django_db_setup",
    "gil",
    "make_person",
    "mira",
    "other_workspace",
    "pytest_configure",
    "workspace",
    "zoe",
]

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 20
SEALING_KEY = Fernet.generate_key().decode()  # one for all processes of a test
GRACE_SECONDS = 3  # as `folkmoot web` has it: a page that still listens for news is not waited for


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, else the one that Playwright has brought."""
    own = next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    arguments = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=own, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the whole application: uvicorn in a process of its own, on the tests' database.

    By name, not by number: browsers offer passkeys on ``localhost`` but not on ``127.0.0.1``.
    """
    assert finders.find("built/app.css"), "the front end is not built: run npm ci && npm run build"
    log = tmp_path_factory.mktemp("server") / "log"
    listening = socket.create_server(("127.0.0.1", 0))
    command = [sys.executable, "-m", "uvicorn", "folkmoot.asgi:application", "--fd", str(listening.fileno())]
    with listening, log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--log-level", "warning", "--timeout-graceful-shutdown", str(GRACE_SECONDS)],
            cwd=ROOT,
            env=os.environ | server_environment(log.parent),
            pass_fds=[listening.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        url = f"http://localhost:{listening.getsockname()[1]}"
        try:
            wait_for(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def server_environment(folder: Path) -> dict[str, str]:
    """The tests' database and key (sessions made by the tests are signed with it), files in a folder of its own."""
    database = connection.settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    conninfo = make_conninfo(**{name: database[key] for name, key in named.items() if database.get(key)})
    return {
        "DATABASE_URL": conninfo,
        "FOLKMOOT_HOME": str(folder),
        "FOLKMOOT_SECRET_KEY": settings.SECRET_KEY,
        "FOLKMOOT_ENCRYPTION_KEYS": SEALING_KEY,
    }


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx.get(f"{url}/healthz", timeout=START_SECONDS).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start:\n{log.read_text()}")


class Complaints:
    """What the browser says against a page while a test uses it; ``expected`` are parts of what may be said."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.expected: list[str] = []

    def listen_to(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("response", self._response)

    def unexpected(self) -> list[str]:
        return [line for line in self.heard if not any(part in line for part in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.heard.append(f"answer {response.status}: {response.url}")


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def open_page(
    browser: Browser, server: str, transactional_db: None, complaints: Complaints
) -> Iterator[Callable[..., Page]]:
    """Opens a page, of nobody or of somebody signed in; keyword arguments go to Playwright's ``new_context``."""
    contexts: list[BrowserContext] = []

    def open_as(user: User | None = None, **options: Any) -> Page:
        context = browser.new_context(base_url=server, **({"viewport": DESKTOP, "reduced_motion": "reduce"} | options))
        context.set_default_timeout(10_000)
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": server}])
        page = context.new_page()
        complaints.listen_to(page)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints.unexpected() == []


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
