"""Numbers counted ahead: who was active on which day, and what happened on it.

Everything here is derived. A ``Stale`` row says which days must be counted again; it is written in the transaction
that changed them and taken away in the one that counted them, so a crash leaves either the old numbers and the
row, or the new numbers and no row.
"""

from __future__ import annotations

from django.db import models

from folkmoot.workspaces.models import Workspace


class Stale(models.Model):
    """Days (of the workspace's time zone) whose counts are out of date; ``readings``: only those of ``ReadingDay``."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    readings = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.first_day} to {self.last_day}"


class MemberDay(models.Model):
    """A member was active in a channel on a day; ``channel_id`` 0 stands for all channels.

    ``before`` is the member's active day before this one (in that channel), so that the people active in any
    period are counted without looking for repeats: they are the rows whose ``before`` lies outside of it.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel_id = models.BigIntegerField()
    member_id = models.BigIntegerField()
    day = models.DateField()
    before = models.DateField(null=True)
    messages = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel_id", "member_id", "day"], name="member_day_once"),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "channel_id", "day"], include=["before", "member_id"], name="member_day_by_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} on {self.day}"


class AskDay(models.Model):
    """What called for an answer on a day in a channel; ``channel_id`` 0 stands for all channels.

    ``steps`` says how long the answered ones waited: pairs of a step (2 bytes) and how many (4 bytes), both big-endian;
    a step is 2 % of time, see ``queries.STEP``.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel_id = models.BigIntegerField()
    day = models.DateField()
    asks = models.IntegerField()
    answered = models.IntegerField()
    steps = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel_id", "day"], name="ask_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.answered} of {self.asks}"


class DayCount(models.Model):
    """What happened in a channel on a day; ``channel_id`` 0 stands for all channels. No row: nothing happened.

    ``wau`` and ``mau`` count the people active in the 7 and 30 days that end with this one.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel_id = models.BigIntegerField()
    day = models.DateField()
    messages = models.IntegerField(default=0)
    posts = models.IntegerField(default=0)
    comments = models.IntegerField(default=0)
    reactions = models.IntegerField(default=0)
    newcomers = models.IntegerField(default=0)
    joins = models.IntegerField(default=0)
    leaves = models.IntegerField(default=0)
    dau = models.IntegerField(default=0)
    wau = models.IntegerField(default=0)
    mau = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel_id", "day"], name="day_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.messages}"


class ReadingDay(models.Model):
    """How what the community said on a day in a channel was read; ``channel_id`` 0 stands for all channels.

    ``moods`` and ``intents`` are the messages of which the mood and the intent are sure; ``positive``, ``negative`` and
    ``complaints`` are some of those. No row: nothing was read.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel_id = models.BigIntegerField()
    day = models.DateField()
    read = models.IntegerField()
    moods = models.IntegerField()
    positive = models.IntegerField()
    negative = models.IntegerField()
    intents = models.IntegerField()
    complaints = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel_id", "day"], name="reading_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.negative} of {self.moods}"
