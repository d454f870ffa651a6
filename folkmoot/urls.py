"""Every address: accounts, then a workspace's areas under ``/w/<slug>/``."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from folkmoot.web.channels import urls as channels
from folkmoot.web.channels.signing_in import callback


def healthz(request: HttpRequest) -> HttpResponse:
    """For whoever watches the process: it answers, and so does the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("", include("folkmoot.web.workspaces.urls")),
    path("", include("folkmoot.web.accounts.urls")),
    path("account/", include("allauth.urls")),
    path("w/<slug:slug>/inbox/", include("folkmoot.web.inbox.urls")),
    path("w/<slug:slug>/members/", include("folkmoot.web.members.urls")),
    path("w/<slug:slug>/topics/", include("folkmoot.web.topics.urls")),
    path("w/<slug:slug>/trends/", include("folkmoot.web.trends.urls")),
    path("w/<slug:slug>/numbers/", include("folkmoot.web.numbers.urls")),
    path("w/<slug:slug>/understanding/vocabulary/", include("folkmoot.web.vocabulary.urls")),
    path("w/<slug:slug>/understanding/", include("folkmoot.web.understanding.urls")),
    path("w/<slug:slug>/settings/assistant/", include("folkmoot.web.assistant.urls")),
    path("w/<slug:slug>/channels/", include(channels.channels)),
    path("w/<slug:slug>/sent/", include(channels.outbox)),
    path("connect/callback/", callback, name="connect-callback"),
    path("w/<slug:slug>/imports/", include("folkmoot.web.imports.urls")),
    path("w/<slug:slug>/live/", include("folkmoot.web.live.urls")),
]
