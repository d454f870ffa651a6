"""The areas in the side menu, and the rest of what the frame around every page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from folkmoot.channels.access import CONNECTS, SPEAKS
from folkmoot.channels.access import deliveries as deliveries_of
from folkmoot.channels.models import Delivery
from folkmoot.workspaces import access
from folkmoot.workspaces.models import Rank, Role, User, Workspace


@dataclass(frozen=True, slots=True)
class Area:
    """One entry. ``key`` is pressed after g; ``also`` are url names that belong to it besides its own."""

    url_name: str
    label: Any
    icon: str
    key: str
    needed: Rank = Rank.GUEST
    also: tuple[str, ...] = ()


AREAS = (
    Area("inbox", _("Inbox"), icon="inbox", key="i", also=("conversation", "conversation-reply", "message-act")),
    Area(
        "members",
        _("Members"),
        icon="users",
        key="m",
        needed=Rank.ANALYST,
        also=("member", "member-act", "member-edit", "member-merge"),
    ),
    Area("topics", _("Topics"), icon="tags", key="t", also=("topic",)),
    Area("trends", _("Trends"), icon="trending-up", key="r", needed=Rank.ANALYST, also=("trend", "copies", "wave")),
    Area("kpis", _("Numbers"), icon="chart-line", key="n", needed=Rank.ANALYST, also=("kpis-by-channel", "people")),
    Area(
        "understanding",
        _("Understanding"),
        icon="brain",
        key="u",
        needed=Rank.ANALYST,
        also=("corrections", "reading", "vocabulary", "vocabulary-new", "vocabulary-entry", "vocabulary-import"),
    ),
    Area("sent", _("Sent"), icon="send", key="e", needed=SPEAKS, also=("delivery",)),
    Area(
        "channels",
        _("Channels"),
        icon="plug-connected",
        key="c",
        needed=CONNECTS,
        also=("connect", "connect-result", "account", "account-again", "account-places", "account-disconnect"),
    ),
    Area("imports", _("Import"), icon="file-import", key="o", needed=Rank.MANAGER, also=("import", "import-columns")),
    Area(
        "settings",
        _("Settings"),
        icon="settings",
        key="s",
        needed=Rank.ADMIN,
        also=("team", "invite", "colleague", "audit", "assistant", "assistant-try", "assistant-on"),
    ),
)


ON_A_PHONE = 5
MOST_COUNTED = 99


@dataclass(frozen=True, slots=True)
class Entry:
    """An area as it stands in this person's menu; ``count`` of things in it wait for a person."""

    label: Any
    icon: str
    key: str
    url: str
    here: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame shows; ``workspace`` is None for somebody without one."""

    workspace: Workspace | None
    workspaces: list[Workspace]
    menu: list[Entry]
    may_create: bool

    @property
    def further(self) -> list[Entry]:
        """What a phone, with room for five, shows behind a fifth entry."""
        return self.menu[ON_A_PHONE - 1 :] if len(self.menu) > ON_A_PHONE else []

    @property
    def further_count(self) -> int:
        return sum(entry.count for entry in self.further)

    @property
    def here_further(self) -> bool:
        return any(entry.here for entry in self.further)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``shell`` (read from the database only by pages that draw the frame) and ``colours``."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"colours": User.Theme.AUTO}
    return {"shell": SimpleLazyObject(lambda: shell_of(request, user)), "colours": user.theme}


def shell_of(request: HttpRequest, user: User) -> Shell:
    roles: list[Role] | None = getattr(request, "roles", None)
    if roles is None:
        roles = access.roles_of(user)
    role = current_role(request, roles)
    if role is None:
        return Shell(None, [], [], may_create=False)
    may_create = access.may_create(user, roles)
    return Shell(role.workspace, [each.workspace for each in roles], menu(request, role), may_create)


def current_role(request: HttpRequest, roles: list[Role]) -> Role | None:
    """By the address, else where the person was last, else the first by name."""
    match = request.resolver_match
    slug = match.kwargs.get("slug") if match else None
    slug = slug or request.session.get("workspace")
    return next((role for role in roles if role.workspace.slug == slug), roles[0] if roles else None)


def menu(request: HttpRequest, role: Role) -> list[Entry]:
    """The areas this role may enter."""
    here = request.resolver_match.url_name if request.resolver_match else None
    entries = []
    for area in AREAS:
        if not role.may(area.needed):
            continue
        url = reverse(area.url_name, args=[role.workspace.slug])
        count = undecided(role) if area.url_name == "sent" else 0
        entries.append(Entry(area.label, area.icon, area.key, url, here in (area.url_name, *area.also), count))
    return entries


def undecided(role: Role) -> int:
    """How many acts wait for a person to say whether they were done; counted no further than is shown."""
    return deliveries_of(role).filter(state=Delivery.State.UNSURE, puzzled=True)[: MOST_COUNTED + 1].count()
