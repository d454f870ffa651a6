"""Asking a language model, over real sockets; what comes back is an answer or a reason."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from folkmoot.lib.addresses import Allowed
from folkmoot.lib.fetching import client
from folkmoot.understanding.assistant.endpoint import Endpoint, NoAnswer, ask, estimate
from folkmoot.understanding.assistant.reasons import reason
from folkmoot.understanding.assistant.tests.speaking import KEY, MODEL, Speaking

HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with client(allowed=Allowed.read(["127.0.0.1"])) as made:
        yield made


def test_an_answer_comes_with_its_model_and_its_price(server: Speaking, http: httpx.Client) -> None:
    answer = ask(http, Endpoint(server.url, MODEL, KEY, 5), HELLO, most_tokens=50)
    assert (answer.text, answer.model, answer.tokens) == ("Hello from a model.", "small-1-2026", 42)
    assert server.asked == [{"model": MODEL, "messages": HELLO, "temperature": 0, "max_tokens": 50}]


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions"])
def test_the_address_may_be_written_in_several_ways(server: Speaking, http: httpx.Client, ending: str) -> None:
    assert ask(http, Endpoint(server.url + ending, MODEL, KEY, 5), HELLO, most_tokens=50).tokens == 42


def test_models_that_call_the_limit_by_its_newer_name_are_asked_so(server: Speaking, http: httpx.Client) -> None:
    server.newer = True
    assert ask(http, Endpoint(server.url, MODEL, KEY, 5), HELLO, most_tokens=50).tokens == 42
    assert server.asked == [{"model": MODEL, "messages": HELLO, "max_completion_tokens": 50}]


@pytest.mark.parametrize(
    ("fault", "why", "charged"),
    [
        ("401", "key", False),
        ("403", "key", False),
        ("404", "not_found", False),
        ("429", "busy", False),
        ("400", "refused", False),
        ("500", "failing", False),
        ("503", "failing", False),
        ("html", "nonsense", True),
        ("cut", "nonsense", True),
        ("broken off", "unreachable", True),
        ("no choices", "nonsense", True),
        ("a list", "nonsense", True),
        ("empty", "nonsense", True),
        ("refusal", "refused", True),
        ("huge", "too_large", True),
    ],
)
def test_whatever_goes_wrong_has_a_reason(
    server: Speaking, http: httpx.Client, fault: str, why: str, charged: bool
) -> None:
    server.fault = fault
    with pytest.raises(NoAnswer) as raised:
        ask(http, Endpoint(server.url, MODEL, KEY, 5), HELLO, most_tokens=50)
    assert (raised.value.why, raised.value.charged) == (why, charged)
    assert len(server.asked) == 1


def test_a_slow_answer_is_given_up_in_time(server: Speaking, http: httpx.Client) -> None:
    server.fault = "slow"
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="timeout"):
        ask(http, Endpoint(server.url, MODEL, KEY, 0.3), HELLO, most_tokens=50)
    assert time.monotonic() - began < 2


def test_a_wrong_key_and_a_wrong_model_are_told_in_the_servers_words(server: Speaking, http: httpx.Client) -> None:
    with pytest.raises(NoAnswer, match="key: 401 Incorrect API key"):
        ask(http, Endpoint(server.url, MODEL, "sk-other", 5), HELLO, most_tokens=50)
    with pytest.raises(NoAnswer, match="does not exist"):
        ask(http, Endpoint(server.url, "large-9", KEY, 5), HELLO, most_tokens=50)


def test_a_closed_port_and_a_private_address_are_told_apart(server: Speaking, http: httpx.Client) -> None:
    with pytest.raises(NoAnswer, match="unreachable"):
        ask(http, Endpoint("http://127.0.0.1:1/v1", MODEL, "", 5), HELLO, most_tokens=50)
    with client() as outside, pytest.raises(NoAnswer, match="not_allowed"):
        ask(outside, Endpoint(server.url, MODEL, KEY, 5), HELLO, most_tokens=50)


def test_every_reason_has_words_for_a_person() -> None:
    told = {reason(why) for why in NoAnswer.REASONS}
    assert len(told) == len(NoAnswer.REASONS)
    assert reason("?") not in told
    assert reason("key", "401 no").endswith("401 no")


def test_an_endpoint_never_shows_its_key() -> None:
    assert KEY not in repr(Endpoint("http://a/v1", MODEL, KEY, 5))


def test_estimates_are_rather_too_high() -> None:
    assert estimate([{"content": "Hello there, how are you today?"}]) >= 8
    assert estimate([{"content": "Привет, как дела сегодня?"}]) >= 9
