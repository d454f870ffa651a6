"""How an account and its channels are, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from folkmoot.channels import sessions
from folkmoot.channels.models import Channel, Connection, Health

BEGINNING = timedelta(minutes=1)  # in which a listener takes up a new account, or another's
WARNED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Word:
    """A line about how something is; ``tone`` is its colour, ``at`` a time that belongs to it."""

    text: str
    tone: str = ""
    at: datetime | None = None


def of_account(account: Connection, now: datetime) -> list[Word]:
    """What a person should know, the worst first; a single good word when all is well."""
    words = []
    if account.state == Connection.State.BROKEN:
        words.append(Word(account.error or _("The network does not let us in any more."), "bad", account.failing_since))
    elif account.state == Connection.State.PAUSED:
        words.append(Word(_("Paused: nothing is read or sent."), "warn"))
    elif account.failing_since:
        words.append(Word(account.error or _("The network does not answer."), "bad", account.failing_since))
    elif not listened(account, now):
        words.append(Word(_("Nobody listens: whoever runs the server starts the listener (folkmoot listen)."), "bad"))
    words += _token(account, now)
    lacking = [right for right in account.rights if right["granted"] is False]
    if lacking:
        text = ngettext("%(n)s right is missing.", "%(n)s rights are missing.", len(lacking)) % {"n": len(lacking)}
        words.append(Word(text, "bad" if any(right["needed"] for right in lacking) else "warn"))
    return words or [Word(_("All is well."), "good")]


def _token(account: Connection, now: datetime) -> list[Word]:
    left = days_left(account, now)
    if left is None or left > WARNED_DAYS:
        return []
    if account.token_expires_at and account.token_expires_at <= now:
        return [Word(_("The permission has run out; connect the account again."), "bad", account.token_expires_at)]
    text = ngettext(
        "The permission runs out in %(n)s day; connect the account again before that.",
        "The permission runs out in %(n)s days; connect the account again before that.",
        left,
    )
    return [Word(text % {"n": left}, "warn", account.token_expires_at)]


def listened(account: Connection, now: datetime) -> bool:
    """Whether a listener holds the account, or may be about to."""
    held = max(filter(None, (account.leased_until, account.created_at, account.checked_at)))
    return now - held < BEGINNING


def days_left(account: Connection, now: datetime) -> int | None:
    """Whole days until the token ends; None where it lasts or nobody knows."""
    if account.token_expires_at is None or sessions.renews(account):
        return None
    return max((account.token_expires_at - now).days, 0)


def of_channel(channel: Channel, now: datetime) -> Word:
    """How reading it goes. Its connection must be there."""
    account = channel.connection
    health: Health | None = getattr(channel, "health", None)
    if channel.paused or (account and account.state == Connection.State.PAUSED):
        return Word(_("Paused"), "warn")
    if account and account.state == Connection.State.BROKEN:
        return Word(_("Not read: the account must be connected again"), "bad")
    if health and health.failing_since:
        return Word(health.error or _("Can't be read"), "bad", health.failing_since)
    times = (health.last_read_at if health else None, account.streamed_at if account else None)
    heard = max((at for at in times if at), default=None)
    if account and not listened(account, now):
        return Word(_("Not read at present"), "warn", heard)
    return Word(_("Read"), "good", heard) if heard else Word(_("Waits to be read for the first time"))


def lag(health: Health | None) -> str:
    """How late messages come, where that is known."""
    if health is None or health.lag is None:
        return ""
    seconds = round(health.lag)
    if seconds < 90:
        return ngettext("%(n)s second behind", "%(n)s seconds behind", seconds) % {"n": seconds}
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("%(n)s minute behind", "%(n)s minutes behind", minutes) % {"n": minutes}
    hours = round(minutes / 60)
    return ngettext("%(n)s hour behind", "%(n)s hours behind", hours) % {"n": hours}
