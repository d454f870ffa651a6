"""Everything that changes the language model's settings, and everything that is asked of it.

Whatever it answers is text that is shown or a label out of a list. It never acts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import md5
from urllib.parse import urlsplit

import httpx
import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from folkmoot.conversations.models import Conversation, Message
from folkmoot.lib.addresses import Allowed
from folkmoot.lib.fetching import client
from folkmoot.lib.secrets import Locked
from folkmoot.understanding.assistant import budget, opinions, queries, summary
from folkmoot.understanding.assistant.endpoint import Answer, Chat, Endpoint, NoAnswer, ask, estimate
from folkmoot.understanding.assistant.models import Assistant, Opinion, Summary
from folkmoot.understanding.assistant.opinions import Asked, Nonsense
from folkmoot.understanding.assistant.redact import Redactor
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace

TRIAL_TOKENS = 300
LONGEST_QUESTION = 500

log = structlog.get_logger()


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait for an answer, and how much may be spent."""

    seconds: int = 30
    daily_requests: int = 500
    daily_tokens: int = 200_000
    monthly_tokens: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is found. ``key`` None keeps the one that is stored; ``""`` means that none is needed."""

    url: str
    model: str
    key: str | None = None


@transaction.atomic
def set_up(workspace: Workspace, place: Place, limits: Limits, *, by: User) -> Assistant:
    """The model as it is from now on. Raises ``UnableTo``.

    At another server than before the stored key is not used, and what was agreed to holds no longer: both were meant
    for the server that was there.
    """
    before = Assistant.objects.select_for_update(no_key=True).filter(workspace=workspace).first()
    assistant = before or Assistant(workspace=workspace)
    moved = before is not None and _server(before.url) != _server(place.url)
    if moved and place.key is None and assistant.key:
        raise UnableTo(
            _("This is another server. Enter the key again: the stored one was meant for the server before.")
        )
    if moved:
        assistant.consent, assistant.agreed_by, assistant.agreed_at = "", None, None
    assistant.url, assistant.model = place.url, place.model
    if place.key is not None:
        assistant.key = settings.SECRETS.seal(place.key) if place.key else ""
    assistant.seconds, assistant.daily_requests = limits.seconds, limits.daily_requests
    assistant.daily_tokens, assistant.monthly_tokens = limits.daily_tokens, limits.monthly_tokens
    assistant.save()
    detail = {"url": place.url, "model": place.model, "new_key": place.key is not None}
    record(workspace, "assistant.set_up", by=by, detail=detail)
    return assistant


@transaction.atomic
def switch_on(assistant: Assistant, *, consent: str, reads: bool, summarises: bool, by: User, now: datetime) -> None:
    """``consent`` is the text that ``by`` agreed to, as they saw it."""
    assistant.reads, assistant.summarises = reads, summarises
    assistant.consent, assistant.agreed_by, assistant.agreed_at = consent, by, now
    assistant.save(update_fields=["reads", "summarises", "consent", "agreed_by", "agreed_at"])
    detail = {"url": assistant.url, "reads": reads, "summarises": summarises}
    record(assistant.workspace, "assistant.on", by=by, detail=detail)


@transaction.atomic
def switch_off(assistant: Assistant, *, by: User) -> None:
    assistant.consent, assistant.agreed_by, assistant.agreed_at = "", None, None
    assistant.save(update_fields=["consent", "agreed_by", "agreed_at"])
    record(assistant.workspace, "assistant.off", by=by)


@transaction.atomic
def remove(assistant: Assistant, *, by: User) -> None:
    """Forgets the address and the key; what was spent and written stays."""
    record(assistant.workspace, "assistant.remove", by=by, detail={"url": assistant.url})
    assistant.delete()


def try_out(assistant: Assistant, question: str, *, by: User, now: datetime) -> Answer:
    """Asks what somebody typed, and nothing else, so it needs no consent. Raises ``NoAnswer``."""
    record(assistant.workspace, "assistant.try", by=by)
    return _ask(assistant, [{"role": "user", "content": question[:LONGEST_QUESTION]}], TRIAL_TOKENS, now=now)


def second_opinion(
    workspace_id: int, wanted: Mapping[int, Collection[str]], *, now: datetime
) -> dict[int, dict[str, str]]:
    """Labels for messages of which our own reader is not sure: ``wanted`` has what it can't tell, by message id.

    What was answered, by message id, with labels and values as in ``opinions.VALUES``; it is kept as well. Messages
    that are missing stay as they were read: the model is off, over its budget, did not answer, or answered nonsense.
    """
    assistant = Assistant.objects.select_related("workspace").filter(workspace=workspace_id).first()
    if assistant is None or not assistant.is_on or not assistant.reads:
        return {}
    rows = Message.objects.filter(workspace=workspace_id, pk__in=list(wanted), deleted_at=None).exclude(text="")
    found: dict[int, dict[str, str]] = {}
    messages = list(rows.select_related("conversation").order_by("-at", "-id"))
    for start in range(0, len(messages), opinions.MOST_MESSAGES):
        try:
            found |= _opinions(assistant, messages[start : start + opinions.MOST_MESSAGES], wanted, now=now)
        except NoAnswer as error:
            log.warning("no second opinion", workspace=workspace_id, why=error.why)
            break
    return found


def _opinions(
    assistant: Assistant, messages: Sequence[Message], wanted: Mapping[int, Collection[str]], *, now: datetime
) -> dict[int, dict[str, str]]:
    redactors: dict[int, Redactor] = {}
    asked = []
    for message in messages:
        redactor = redactors.get(message.conversation_id)
        if redactor is None:
            _places, people = queries.people(queries.thread(message.conversation))
            redactor = redactors[message.conversation_id] = Redactor(people)
        labels = tuple(label for label in opinions.VALUES if label in wanted[message.pk])
        asked.append(Asked(redactor.hide(message.text[: opinions.MOST_LETTERS]), labels))
    chat = opinions.question(asked, queries.glossary(assistant.workspace_id))
    answer = _ask(assistant, chat, opinions.TOKENS_EACH * len(asked) + 50, now=now)
    try:
        given = opinions.labels(answer.text, asked)
    except Nonsense as error:
        log.warning("a second opinion was nonsense", workspace=assistant.workspace_id, why=str(error))
        given = [{} for _ in asked]
    _keep(assistant, messages, given, now=now)
    return {message.pk: values for message, values in zip(messages, given, strict=True) if values}


def _keep(
    assistant: Assistant, messages: Sequence[Message], given: Sequence[Mapping[str, str]], *, now: datetime
) -> None:
    Opinion.objects.bulk_create(
        [
            Opinion(
                message=message,
                workspace_id=assistant.workspace_id,
                values=dict(values),
                digest=md5(message.text.encode(), usedforsecurity=False).hexdigest(),
                model=assistant.model,
                at=now,
            )
            for message, values in zip(messages, given, strict=True)
        ],
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["values", "digest", "model", "at"],
    )


@transaction.atomic
def order_summary(conversation: Conversation, *, language: str, by: User, now: datetime) -> Summary:
    """Marks that somebody wants a summary; ``write_summary`` writes it. Raises ``UnableTo``."""
    assistant = Assistant.objects.filter(workspace=conversation.workspace_id).first()
    if assistant is None or not assistant.is_on or not assistant.summarises:
        raise UnableTo(_("Summaries are switched off. An administrator can switch them on in the settings."))
    ordered, _made = Summary.objects.update_or_create(
        conversation=conversation,
        language=language,
        defaults={"state": Summary.State.WAITING, "why": "", "ordered_by": by, "ordered_at": now},
        create_defaults={
            "workspace_id": conversation.workspace_id,
            "state": Summary.State.WAITING,
            "ordered_by": by,
            "ordered_at": now,
        },
    )
    record(conversation.workspace, "summary.order", by=by, about=f"conversation:{conversation.pk}")
    return ordered


def write_summary(ordered: Summary, *, now: datetime) -> Summary:
    """Writes it, or says on the row why not. What was written of the same thread stands without asking again."""
    if ordered.state != Summary.State.WAITING:
        return ordered
    try:
        assistant = _on(ordered)
        thread = queries.thread(ordered.conversation)
        places, people = queries.people(thread)
        redactor = Redactor(people)
        said = [summary.Said(places[message.author_id], message.text) for message in thread]
        request = summary.request(
            said,
            redactor,
            language=ordered.language,
            model=assistant.model,
            glossary=queries.glossary(ordered.workspace_id),
        )
        if ordered.text and ordered.digest == request.digest:
            return _written(ordered, {})
        answer = _ask(assistant, request.chat, summary.MOST_TOKENS, now=now)
    except NoAnswer as error:
        return _written(ordered, {"state": Summary.State.FAILED, "why": error.why})
    return _written(
        ordered,
        {
            "text": summary.tidied(answer.text, redactor),
            "digest": request.digest,
            "message_count": len(thread),
            "model": answer.model[:120],
            "tokens": answer.tokens,
            "made_at": now,
        },
    )


def _written(ordered: Summary, values: Mapping[str, object]) -> Summary:
    """Only a row that still waits: who deleted words meanwhile has removed it, and it stays removed."""
    fresh = {"state": Summary.State.DONE, "why": "", **values}
    Summary.objects.filter(pk=ordered.pk, state=Summary.State.WAITING).update(**fresh)
    for name, value in fresh.items():
        setattr(ordered, name, value)
    return ordered


def _on(ordered: Summary) -> Assistant:
    assistant = Assistant.objects.select_related("workspace").filter(workspace=ordered.workspace_id).first()
    if assistant is None or not assistant.is_on or not assistant.summarises:
        raise NoAnswer("off")
    return assistant


def forget_summaries(conversation_ids: Collection[int]) -> None:
    """Words in them were deleted at the network: what was written of them goes, too."""
    if conversation_ids:
        Summary.objects.filter(conversation__in=conversation_ids).delete()


def _ask(assistant: Assistant, chat: Chat, most_tokens: int, *, now: datetime) -> Answer:
    """Raises ``NoAnswer``; what it cost is counted either way."""
    likely = estimate(chat) + most_tokens
    try:
        key = settings.SECRETS.open(assistant.key) if assistant.key else ""
    except Locked as error:
        raise NoAnswer("locked") from error
    row = budget.put_aside(assistant, likely, now=now)
    endpoint = Endpoint(assistant.url, assistant.model, key, assistant.seconds)
    try:
        answer = ask(_http(settings.PRIVATE_ADDRESSES), endpoint, chat, most_tokens=most_tokens)
    except NoAnswer as error:
        budget.settle(row, put_aside=likely, used=likely if error.charged else 0, failed=True)
        raise
    budget.settle(row, put_aside=likely, used=answer.tokens)
    return answer


@lru_cache(maxsize=2)
def _http(allowed: Allowed) -> httpx.Client:
    """One for the whole process: connections are kept open."""
    return client(allowed=allowed)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
