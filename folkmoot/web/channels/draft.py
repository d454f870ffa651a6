"""What somebody filled in to connect an account, kept sealed in their session until it is connected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from folkmoot.channels.connecting import Filled
from folkmoot.lib.secrets import Locked
from folkmoot.networks.base import Person, Place
from folkmoot.networks.live import Checkup, Right
from folkmoot.web.request import Request

KEY = "connecting"
LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """An account on its way. ``again`` is the connection that is connected anew; ``found`` and ``places`` are there
    once it was tried out."""

    workspace: int
    network: str
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    allowed: str = ""
    personal: bool = False
    again: int = 0
    expires_at: datetime | None = None
    found: Checkup | None = None
    places: tuple[Place, ...] = ()

    @property
    def filled(self) -> Filled:
        return Filled(self.network, self.settings, self.secrets, self.allowed, self.personal, self.expires_at)

    def tried(self, found: Checkup, places: list[Place]) -> Self:
        return replace(self, found=found, places=tuple(places))


def keep(request: Request, draft: Draft) -> None:
    told: dict[str, Any] = asdict(draft)
    told["at"] = timezone.now().isoformat()
    request.session[KEY] = settings.SECRETS.seal(json.dumps(told, default=_written))


def kept(request: Request) -> Draft | None:
    """The draft of this workspace, unless it is too old."""
    try:
        told = json.loads(settings.SECRETS.open(request.session.get(KEY, "")))
    except Locked:
        return None
    if told["workspace"] != request.workspace.pk or timezone.now() - datetime.fromisoformat(told.pop("at")) > LIFE:
        return None
    if told["expires_at"]:
        told["expires_at"] = datetime.fromisoformat(told["expires_at"])
    found = told["found"]
    if found:
        until = found["expires_at"]
        told["found"] = Checkup(
            Person(**found["account"]),
            tuple(Right(**right) for right in found["rights"]),
            datetime.fromisoformat(until) if until else None,
            tuple(found["notes"]),
        )
    told["places"] = tuple(Place(**place) for place in told["places"])
    return Draft(**told)


def forget(request: Request) -> None:
    request.session.pop(KEY, None)


def form_url(draft: Draft, slug: str) -> str:
    """Where what was filled in can be changed."""
    if draft.again:
        return reverse("account-again", args=[slug, draft.again])
    return f"{reverse('connect', args=[slug])}?{urlencode({'network': draft.network})}"


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not kept")
