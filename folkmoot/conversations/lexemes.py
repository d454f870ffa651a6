"""The column that search looks into."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Lookup


class LexemesField(SearchVectorField):  # type: ignore[type-arg]
    """Words and their base forms, as folkmoot.lib.lemmas writes them."""


@LexemesField.register_lookup
class Says(Lookup):
    """``lexemes__says=<tsquery text>``: the query is made by folkmoot.lib.lemmas, PostgreSQL only matches it."""

    lookup_name = "says"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_parameters = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", (*left_parameters, self.rhs)
