"""What a workspace spends on its language model: put aside before anything is asked, settled afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Greatest

from folkmoot.understanding.assistant.endpoint import NoAnswer
from folkmoot.understanding.assistant.models import Assistant, Spending


@dataclass(frozen=True, slots=True)
class Spent:
    """Of the day and of the month that ``day`` is in, in the workspace's time zone."""

    day: date
    requests: int
    failures: int
    tokens: int
    month_tokens: int


def spent(assistant: Assistant, now: datetime) -> Spent:
    day = now.astimezone(assistant.workspace.zone).date()
    rows = Spending.objects.filter(workspace=assistant.workspace)
    today = rows.filter(day=day).first() or Spending(day=day)
    month = rows.filter(day__gte=day.replace(day=1), day__lte=day).aggregate(total=Sum("tokens"))["total"]
    return Spent(day, today.requests, today.failures, today.tokens, month or 0)


@transaction.atomic
def put_aside(assistant: Assistant, tokens: int, *, now: datetime) -> Spending:
    """Counts a request and its likely tokens as spent. Raises ``NoAnswer`` when that is more than there is.

    One at a time: the assistant's row is held, so that many who ask at once don't spend more than one by one.
    """
    held = Assistant.objects.select_for_update(no_key=True).select_related("workspace").get(pk=assistant.pk)
    so_far = spent(held, now)
    if (
        so_far.requests + 1 > held.daily_requests
        or so_far.tokens + tokens > held.daily_tokens
        or so_far.month_tokens + tokens > held.monthly_tokens
    ):
        raise NoAnswer("budget")
    row, _made = Spending.objects.get_or_create(workspace=held.workspace, day=so_far.day)
    Spending.objects.filter(pk=row.pk).update(requests=F("requests") + 1, tokens=F("tokens") + tokens)
    return row


def settle(row: Spending, *, put_aside: int, used: int, failed: bool = False) -> None:
    """What it came to, in place of what was put aside."""
    Spending.objects.filter(pk=row.pk).update(
        tokens=Greatest(F("tokens") - put_aside + used, 0), failures=F("failures") + int(failed)
    )
