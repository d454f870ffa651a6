from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.conf import settings

from folkmoot.lib import env, postgres

Found = Callable[[str, str], bool]


@pytest.fixture(scope="session")
def found() -> Iterator[Found]:
    """Whether PostgreSQL finds the text of a tsquery in the text of a tsvector."""
    with psycopg.connect(env.text("DATABASE_URL") or postgres.url(settings.HOME), autocommit=True) as connection:

        def ask(vector: str, query: str) -> bool:
            row = connection.execute("SELECT %s::tsvector @@ %s::tsquery", [vector, query]).fetchone()
            assert row is not None
            return bool(row[0])

        yield ask
