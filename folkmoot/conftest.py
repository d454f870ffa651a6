"""Tests run on a real PostgreSQL: the embedded one, or the one in DATABASE_URL. Nothing reaches beyond this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker, Settings
from pytest_socket import enable_socket, socket_allow_hosts

from folkmoot.lib import env, postgres

# What tests may reach: this machine, and PostgreSQL's Unix socket
HERE = ["127.0.0.1", "::1"]


def pytest_configure() -> None:
    # Playwright's own loop runs in the test's thread, where Django would refuse to work
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    if not env.text("DATABASE_URL"):
        postgres.ensure_running(django_settings.HOME)


def pytest_report_header() -> str:
    url = env.text("DATABASE_URL")
    version = postgres.check_version(url or postgres.url(django_settings.HOME))
    return f"PostgreSQL {version // 10000}.{version % 10000} ({'DATABASE_URL' if url else 'embedded'})"


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    socket_allow_hosts(HERE, allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(autouse=True)
def _files_go_to_a_folder_of_the_test(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    settings.IMPORT_FOLDER = tmp_path / "imports"


@pytest.fixture(autouse=True)
def _no_ones_language_or_zone() -> Iterator[None]:
    """A request sets both for its thread, and the next one sets them anew; a test without a request would inherit."""
    yield
    timezone.deactivate()
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database need not survive a power cut."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        cursor.execute("SET synchronous_commit = off")
