"""From a database URL to Django's way of writing it."""

from __future__ import annotations

from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from folkmoot.lib.env import BadSetting

NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def django_database(url: str, *, pool: int = 0) -> dict[str, Any]:
    """The ``DATABASES`` entry for ``postgresql://user:password@host:port/name?option=value`` (or key=value pairs).

    ``pool`` is the largest number of connections one process keeps; 0 means one per thread, closed after use.
    An empty URL gives an entry that names no server: good for everything that does not ask the database.
    """
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise BadSetting(f"DATABASE_URL can't be read ({error}); it looks like postgresql://user@host/name") from error
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "NAME": "folkmoot"}
    options: dict[str, Any] = {}
    for name, value in parts.items():
        if name in NAMES:
            entry[NAMES[name]] = str(value)
        else:
            options[name] = value
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    entry["OPTIONS"] = options
    return entry
