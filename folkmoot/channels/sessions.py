"""From a connected account's row to a session with its network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Coalesce
from django.utils import timezone

from folkmoot.channels.models import Connection
from folkmoot.lib import alive, fetching
from folkmoot.lib.addresses import Allowed
from folkmoot.lib.secrets import Locked
from folkmoot.networks import ways
from folkmoot.networks.errors import Later, NetworkError, Reconnect
from folkmoot.networks.live import Connects, Renews, Session, Tokens

RENEWING = 0x666D0004  # tells these locks from other advisory locks in the same database


def connects(connection: Connection) -> Connects:
    """The account's connector. Raises ``Reconnect`` where it is no longer installed."""
    connector = connection.connector
    if not isinstance(connector, Connects):
        raise Reconnect(f"Folkmoot has no connector {connection.network} any more; install it again")
    return connector


def allowed(words: str) -> Allowed:
    """Private addresses that may be reached: those of the whole installation and those in ``words``."""
    return Allowed(settings.PRIVATE_ADDRESSES.networks + Allowed.read(words.split()).networks)


def secrets_of(connection: Connection) -> dict[str, str]:
    """Raises ``Reconnect`` where none of the installation's keys opens them."""
    if not connection.secrets:
        return {}
    try:
        return dict(json.loads(settings.SECRETS.open(connection.secrets)))
    except Locked as error:
        raise Reconnect(str(error)) from error


def sealed(secrets: Mapping[str, str]) -> str:
    return str(settings.SECRETS.seal(json.dumps(dict(secrets))))


@contextmanager
def opened(connection: Connection) -> Iterator[Session]:
    """A new session, closed at the end of the block. Raises ``Reconnect``."""
    with begun(connects(connection), connection.settings, secrets_of(connection), connection.allowed) as session:
        yield session


@contextmanager
def begun(connector: Connects, filled: Mapping[str, str], secrets: Mapping[str, str], words: str) -> Iterator[Session]:
    """A session made of what was filled in; ``words`` are the private addresses that it may reach."""
    reach = allowed(words)
    with fetching.client(allowed=reach) as http:
        session = connector.session(ways.access(filled, secrets, now=timezone.now, allowed=reach, http=http))
        try:
            yield session
        finally:
            session.close()


def renew(connection: Connection, *, now: datetime) -> bool:
    """Renews the account's token, one process at a time; False where another does, or did meanwhile.

    What is stored changes only from the version that was read, and an empty token never replaces one.
    Raises ``NetworkError``.
    """
    with alive.working_at(connection.pk, kind=RENEWING) as ours:
        if not ours:
            return False
        known = connection.secrets_version
        connection.refresh_from_db()
        if connection.secrets_version != known:
            return False
        with opened(connection) as session:
            return isinstance(session, Renews) and store(connection, session.renew())


def store(connection: Connection, tokens: Tokens) -> bool:
    """Puts new tokens in the place of the old ones, unless somebody was faster."""
    secrets = secrets_of(connection) | {name: value for name, value in tokens.secrets.items() if value}
    filled = connection.settings | {name: value for name, value in tokens.settings.items() if value}
    changed = Connection.objects.filter(pk=connection.pk, secrets_version=connection.secrets_version).update(
        secrets=sealed(secrets),
        settings=filled,
        secrets_version=connection.secrets_version + 1,
        token_expires_at=tokens.expires_at or connection.token_expires_at,
    )
    with suppress(Connection.DoesNotExist):
        connection.refresh_from_db()
    return bool(changed)


def renews(connection: Connection) -> bool:
    """Whether the account's token is renewed without a person."""
    connector = connection.connector
    return isinstance(connector, Connects) and issubclass(connector.session, Renews)


def renew_or_break(connection: Connection, why: str, *, now: datetime) -> None:
    """The network does not know us any more: a new token where there is one to be had, else a person must connect."""
    version = connection.secrets_version
    try:
        if issubclass(connects(connection).session, Renews):
            renew(connection, now=now)
            return  # by us, or by somebody else who was faster, or is at it and will tell
    except Later as error:
        _waits(connection, error, now=now)
        return
    except NetworkError as error:
        why = str(error)
    broken(connection, why, version=version, now=now)


def renew_ahead(connection: Connection, *, now: datetime) -> None:
    """A new token before the old one ends; only where the network wants that must a person connect the account again.

    Raises ``NetworkError``.
    """
    version = connection.secrets_version
    try:
        renew(connection, now=now)
    except Reconnect as error:
        broken(connection, str(error), version=version, now=now)


def _waits(connection: Connection, error: Later, *, now: datetime) -> None:
    """The network knows neither the old token nor gives a new one for now: nobody is asked before it may."""
    Connection.objects.filter(pk=connection.pk, secrets_version=connection.secrets_version).update(
        error=str(error),
        retry_at=now + timedelta(seconds=max(error.retry_after, 1.0)),
        failing_since=Coalesce("failing_since", now),
    )


def broken(connection: Connection, why: str, *, version: int, now: datetime) -> None:
    """Notes that a person must connect the account again, unless its secrets are others than those of ``version``."""
    Connection.objects.filter(pk=connection.pk, secrets_version=version, state=Connection.State.ACTIVE).update(
        state=Connection.State.BROKEN, error=why[:2000], failing_since=now
    )
