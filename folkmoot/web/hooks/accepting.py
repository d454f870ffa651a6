"""What networks send is checked, kept as it came, once, and answered at once; it is heard later, by listeners."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from folkmoot.channels import sessions
from folkmoot.channels.models import Connection
from folkmoot.lib import bulk
from folkmoot.networks.errors import NetworkError, Refused
from folkmoot.networks.live import Answer, Hears, Hook, Session

HEARD = "folkmoot_hooks"  # what listeners are told by
SESSIONS = 500

UNKNOWN = Answer(404, b"There is nothing here.\n", keep=False)
NOT_THEIRS = Answer(403, b"This is not signed as it should be.\n", keep=False)
NOT_NOW = Answer(503, b"Try again later.\n", keep=False)

_FIND = (
    "SELECT address, id, secrets_version FROM channels_connection WHERE address = ANY(%b::text[]) AND state <> 'gone'"
)
# told once for each account, and only when something of it was new
_KEEP = """
    WITH kept AS (
        INSERT INTO channels_kepthook (connection_id, key, method, headers, query, body, at, attempts, error)
        SELECT connection_id, key, method, headers::jsonb, query::jsonb, body, at, 0, ''
        FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::timestamptz[])
            AS came (connection_id, key, method, headers, query, body, at)
        ON CONFLICT (connection_id, key) DO NOTHING
        RETURNING connection_id
    )
    SELECT pg_notify(%s::text, connection_id::text) FROM (SELECT DISTINCT connection_id FROM kept) told
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that came to an address of ours."""

    address: str
    hook: Hook


@dataclass(frozen=True, slots=True)
class _Account:
    """An account's session as it is between requests, and the words that must not be kept with them."""

    version: int
    session: Session
    stack: ExitStack
    secrets: frozenset[str]


class Acceptance:
    """Answers requests, many at a time: one question to the database for all, one statement to keep them.

    Used by one thread. Sessions are made once for each version of an account's secrets.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[int, _Account] = OrderedDict()

    def accept(self, arrived: Sequence[Arrived]) -> list[Answer]:
        """Answers in the order of the requests. What is told to have arrived is stored by then. Raises ``DatabaseError``."""
        found = {
            address: (pk, version)
            for address, pk, version in bulk.fetch(_FIND, [sorted({one.address for one in arrived})])
        }
        answers, rows = [], []
        for one in arrived:
            pk, version = found.get(one.address, (0, 0))
            account = self._account(pk, version) if pk else None
            answer = _answered(account, one.hook) if account else (NOT_NOW if pk else UNKNOWN)
            answers.append(answer)
            if account and answer.keep:
                rows.append(_row(pk, answer, one.hook, account.secrets))
        if rows:
            _keep(rows)
        return answers

    def close(self) -> None:
        for account in self._accounts.values():
            account.stack.close()
        self._accounts.clear()

    def _account(self, pk: int, version: int) -> _Account | None:
        """None where the account can't be worked with now: its connector is gone, or no key opens its secrets."""
        known = self._accounts.get(pk)
        if known and known.version == version:
            self._accounts.move_to_end(pk)
            return known
        if known:
            self._accounts.pop(pk).stack.close()
        with suppress(NetworkError, Connection.DoesNotExist):
            connection = Connection.objects.get(pk=pk)
            secrets = frozenset(value for value in sessions.secrets_of(connection).values() if value)
            stack = ExitStack()
            session = stack.enter_context(sessions.opened(connection))
            made = _Account(connection.secrets_version, session, stack, secrets)
            self._accounts[pk] = made
            if len(self._accounts) > SESSIONS:
                self._accounts.popitem(last=False)[1].stack.close()
            return made
        return None


def _answered(account: _Account, hook: Hook) -> Answer:
    if not isinstance(account.session, Hears):
        return UNKNOWN
    try:
        return account.session.answer(hook)
    except Refused:
        return NOT_THEIRS
    except NetworkError:
        return NOT_NOW


def _row(pk: int, answer: Answer, hook: Hook, secrets: frozenset[str]) -> tuple[Any, ...]:
    query = _without(hook.query, secrets)
    key = bulk.key(answer.key, 64) if answer.key else _digest(hook)
    return pk, key, hook.method, _without(hook.headers, secrets), query, hook.body, hook.at


def _digest(hook: Hook) -> str:
    digest = hashlib.sha256(hook.method.encode())
    digest.update(json.dumps(sorted(hook.query.items())).encode())
    digest.update(hook.body)
    return digest.hexdigest()


def _without(values: Mapping[str, str], secrets: frozenset[str]) -> str:
    """As JSON, without what proves that the network is the network: that was looked at already."""
    kept = {
        bulk.storable(name): bulk.storable(value)
        for name, value in values.items()
        if name not in ("authorization", "cookie") and value not in secrets
    }
    return json.dumps(kept)


def _keep(rows: Sequence[tuple[Any, ...]]) -> None:
    bulk.fetch(_KEEP, [*(list(column) for column in zip(*rows, strict=True)), HEARD])
