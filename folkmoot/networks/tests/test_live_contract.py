"""What every connector must keep to whose accounts can be connected, run over all there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from folkmoot import networks
from folkmoot.networks import live
from folkmoot.networks.errors import Later, NetworkError
from folkmoot.networks.live import Access, Connects, Session

LIVE = [slug for slug, connector in networks.connectors().items() if isinstance(connector, Connects)]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
METHODS = {
    ability: [name for name in vars(ability) if not name.startswith("_") and callable(getattr(ability, name))]
    for ability in live.ABILITIES
}


def folder(slug: str) -> Path:
    return Path(networks.__file__).parent / slug


@pytest.fixture
def connector(slug: str) -> Connects:
    found = networks.get(slug)
    assert isinstance(found, Connects)
    return found


def made(connector: Connects, respond: Callable[[httpx.Request], httpx.Response]) -> Session:
    """A session filled with the fields' examples, whose every way out leads to ``respond``."""
    filled = {field.name: field.example or field.default for field in connector.fields}
    secrets = {field.name for field in connector.fields if field.kind == "secret"}

    def dial(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> object:
        raise Later("nobody there", retry_after=30)

    return connector.session(
        Access(
            {name: value for name, value in filled.items() if name not in secrets},
            {name: value for name, value in filled.items() if name in secrets},
            httpx.Client(transport=httpx.MockTransport(respond)),
            dial,  # type: ignore[arg-type]
            lambda: NOW,
        )
    )


@pytest.mark.parametrize("slug", LIVE)
def test_what_is_filled_in_is_named_and_explained(slug: str, connector: Connects) -> None:
    names = [field.name for field in connector.fields]
    assert len(names) == len(set(names))
    for field in connector.fields:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name)
        assert field.label
        assert field.example or field.default or not field.required
        assert bool(field.choices) == (field.kind == "choice")


@pytest.mark.parametrize("slug", LIVE)
def test_what_proves_who_we_are_is_kept_secret(slug: str, connector: Connects) -> None:
    open_ones = [field.name for field in connector.fields if field.kind != "secret"]
    assert not [name for name in open_ones if re.search("token|password|secret|key$", name)]


@pytest.mark.parametrize("slug", LIVE)
def test_making_a_session_asks_nothing_of_the_network(slug: str, connector: Connects) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"asked {request.url}")

    made(connector, refuse).close()


@pytest.mark.parametrize("slug", LIVE)
def test_an_account_can_do_something(slug: str, connector: Connects) -> None:
    able = live.abilities(connector)
    assert able & {live.Polls, live.Streams, live.Hears}
    if live.Subscribes in able:
        assert live.Hears in able


BAD_ANSWERS = {
    "token gone": httpx.Response(401, json={"error": "no"}),
    "forbidden": httpx.Response(403, json={"error": "no"}),
    "too many": httpx.Response(429, headers={"Retry-After": "7"}, json={"error": "slow down"}),
    "broken": httpx.Response(500, text="oops"),
    "away": httpx.Response(503, text="<html>maintenance</html>"),
    "a page": httpx.Response(200, text="<html><body>Welcome!</body></html>", headers={"Content-Type": "text/html"}),
    "half an answer": httpx.Response(200, text='{"ok": tr', headers={"Content-Type": "application/json"}),
    "a list": httpx.Response(200, json=[1, None, "x"]),
    "null": httpx.Response(200, json=None),
    "another shape": httpx.Response(200, json={"ok": True, "result": 7, "data": [], "id": {}}),
}


@pytest.mark.parametrize("slug", LIVE)
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_an_error_that_a_person_can_read(
    slug: str, connector: Connects, answer: httpx.Response
) -> None:
    copy = httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
    session = made(connector, lambda request: copy)
    try:
        session.check()
    except NetworkError as error:
        assert re.search(r"[a-z]{3}", str(error))
        assert len(str(error)) <= 500
        assert "<html" not in str(error)


@pytest.mark.parametrize("slug", LIVE)
def test_silence_is_an_error_to_try_again_after(slug: str, connector: Connects) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silence", request=request)

    with pytest.raises(Later):
        made(connector, silent).check()


@pytest.mark.parametrize("slug", LIVE)
def test_every_ability_has_a_test(slug: str, connector: Connects) -> None:
    tests = "\n".join(path.read_text() for path in (folder(slug) / "tests").glob("test_*.py"))
    wanted = {name for ability in live.abilities(connector) for name in METHODS[ability]} | {"check", "places"}
    missing = sorted(name for name in wanted if f".{name}(" not in tests)
    assert not missing


@pytest.mark.parametrize("slug", LIVE)
def test_its_page_tells_how_to_connect_and_what_was_tested(slug: str) -> None:
    page = (folder(slug) / "connect.md").read_text()
    assert "\n## Connect\n" in page
    assert "\n## What was tested\n" in page
