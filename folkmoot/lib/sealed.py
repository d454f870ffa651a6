"""The column that holds what is sealed."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import models

from folkmoot.lib.secrets import Locked


class SealedField(models.TextField):  # type: ignore[type-arg]
    """Text sealed by ``settings.SECRETS``; its value is the sealed text, which tells nothing to whoever sees it."""


def sealed_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every model with a sealed column, and the column's name."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield model, field.name


def reseal() -> tuple[int, int]:
    """Seals with the newest key what is sealed with an older one; how many that were, and how many can't be opened.

    Safe to repeat, and beside others who work: what somebody changed meanwhile is left as they wrote it.
    """
    done = locked = 0
    for model, name in sealed_columns():
        rows = model._default_manager.exclude(**{name: ""}).values_list("pk", name)
        for pk, sealed in rows.iterator():
            if settings.SECRETS.is_newest(sealed):
                continue
            try:
                fresh = settings.SECRETS.seal(settings.SECRETS.open(sealed))
            except Locked:
                locked += 1
                continue
            done += model._default_manager.filter(**{"pk": pk, name: sealed}).update(**{name: fresh})
    return done, locked
