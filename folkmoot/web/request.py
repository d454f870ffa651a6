"""The request as views see it, and what is settled about a person before a view runs: language and time zone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias
from zoneinfo import ZoneInfo

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django_htmx.middleware import HtmxDetails

from folkmoot.workspaces.access import role_in, roles_of
from folkmoot.workspaces.models import Rank, Role, User, Workspace

Answer: TypeAlias = HttpResponseBase


class Request(HttpRequest):
    """A request by somebody signed in; ``roles``, ``role`` and ``workspace`` are there behind ``in_workspace``."""

    user: User
    roles: list[Role]
    role: Role
    workspace: Workspace
    htmx: HtmxDetails


P = ParamSpec("P")
View = Callable[Concatenate[Request, P], Answer]


def in_workspace(needed: Rank = Rank.GUEST) -> Callable[[View[P]], Callable[..., Answer]]:
    """For pages under ``/w/<slug>/``: signed in, of that workspace (else 404), with a sufficient role (else 403).

    The view gets ``request.role`` and ``request.workspace`` in place of the slug; times are the workspace's for
    whoever has not chosen a time zone.
    """

    def decorate(view: View[P]) -> Callable[..., Answer]:
        @wraps(view)
        def guarded(request: Request, slug: str, *args: P.args, **kwargs: P.kwargs) -> Answer:
            request.roles = roles_of(request.user)
            request.role = role_in(request.roles, slug, needed)
            request.workspace = request.role.workspace
            if not request.user.timezone:
                timezone.activate(request.workspace.zone)
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate


class PersonMiddleware:
    """Speaks the language and tells the time of the person signed in; others get the browser's language and UTC."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.asynchronous = iscoroutinefunction(get_response)
        if self.asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.asynchronous:
            return self.answer(request)
        settle(request, request.user)
        answer: HttpResponseBase = self.get_response(request)
        return answer

    async def answer(self, request: HttpRequest) -> HttpResponseBase:
        settle(request, await request.auser())
        answer: HttpResponseBase = await self.get_response(request)
        return answer


def settle(request: HttpRequest, user: object) -> None:
    known = user if isinstance(user, User) else None
    if known and known.language:
        translation.activate(known.language)
        request.LANGUAGE_CODE = translation.get_language() or known.language
    if known and known.timezone:
        timezone.activate(ZoneInfo(known.timezone))
    else:
        timezone.deactivate()
