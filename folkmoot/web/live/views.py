from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.views.decorators.http import require_GET

from folkmoot.web.live.hub import News, hub
from folkmoot.web.request import Request
from folkmoot.workspaces.access import role_in, roles_of
from folkmoot.workspaces.models import Role, User

HEARTBEAT_SECONDS = 20.0


@require_GET
@login_required
async def live(request: Request, slug: str) -> StreamingHttpResponse:
    """Server-sent events of one workspace: ``messages``, ``import``; only of channels that the role sees."""
    user = await request.auser()
    if not isinstance(user, User):
        raise Http404  # login_required let nobody else in
    role = role_in(await sync_to_async(roles_of)(user), slug)
    response = StreamingHttpResponse(_events(role), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    response["Content-Encoding"] = "identity"  # compressed, an event would wait in the packer for the next one
    return response


async def _events(role: Role) -> AsyncIterator[str]:
    async with hub.reader() as queue:
        yield ": open\n\n"
        while True:
            try:
                news = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"  # a page that is gone is noticed by this
                continue
            if _concerns(role, news):
                yield f"event: {news.kind}\ndata: {json.dumps(news.detail)}\n\n"


def _concerns(role: Role, news: News) -> bool:
    if news.workspace_id != role.workspace_id:
        return False
    channel = news.detail.get("channel")
    return channel is None or role.sees_channel(int(channel))
