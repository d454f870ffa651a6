"""Any other program that can send JSON to an address, and take answers at one of its own."""

from __future__ import annotations

from folkmoot.networks.base import Facts, Limits, gettext_noop
from folkmoot.networks.live import Field
from folkmoot.networks.webhook.session import WebhookSession
from folkmoot.networks.webhook.signing import PLAIN, STANDARD


def _where(name: str, label: str, default: str, help: str = "") -> Field:
    """A field that says where something stands in the JSON."""
    return Field(name, label, help, required=False, default=default, example=default or "message.name")


class Webhook:
    facts = Facts(
        slug="webhook", name="Webhook", icon="webhook", limits=Limits(text=100_000, media=0, as_of="2026-11-21")
    )
    fields = (
        Field("channel", gettext_noop("Name of the channel"), example="Shop"),
        Field(
            "secret",
            gettext_noop("Shared secret"),
            gettext_noop("Both sides sign with it. Such as whsec_ and Base64, or any long word."),
            kind="secret",
            example="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ),
        Field(
            "scheme",
            gettext_noop("How the other side signs"),
            kind="choice",
            default=STANDARD,
            choices=(
                (STANDARD, gettext_noop("Standard Webhooks: id, time and signature in headers")),
                (PLAIN, gettext_noop("HMAC-SHA256 of the body, in one header")),
            ),
        ),
        Field(
            "header",
            gettext_noop("Header of the signature"),
            gettext_noop("Only for the second way."),
            required=False,
            default="X-Signature-256",
        ),
        _where(
            "items", gettext_noop("Where the list of messages stands"), "", gettext_noop("Empty: one in each request.")
        ),
        _where(
            "ident", gettext_noop("Where the id stands"), "id", gettext_noop("Names with dots between, as message.id")
        ),
        _where("text", gettext_noop("Where the text stands"), "text"),
        _where("author", gettext_noop("Where the author's id stands"), "author.id"),
        _where("author_name", gettext_noop("Where the author's name stands"), "author.name"),
        _where("time", gettext_noop("Where the time stands"), "time", gettext_noop("Without one, when it came.")),
        _where("thread", gettext_noop("Where the thread's id stands"), "thread"),
        _where("title", gettext_noop("Where the thread's title stands"), "title"),
        _where("parent", gettext_noop("Where the id stands of what it answers"), "parent"),
        _where("url", gettext_noop("Where its address stands"), "url"),
        _where("edited", gettext_noop("Where the time of an edit stands"), "edited"),
        _where("deleted", gettext_noop("Where it says that it is deleted"), "deleted"),
        _where("place", gettext_noop("Where the channel's id stands"), "", gettext_noop("Empty: all is one channel.")),
        _where("place_name", gettext_noop("Where the channel's name stands"), ""),
        Field(
            "answers",
            gettext_noop("Address for answers"),
            gettext_noop("Empty: this channel is only listened to."),
            kind="url",
            required=False,
            example="https://shop.example.org/folkmoot",
        ),
        Field(
            "own_author",
            gettext_noop("Our own id as author"),
            gettext_noop("What stands as the author's id where the other side tells of our answers."),
            required=False,
            example="support",
        ),
        Field(
            "once",
            gettext_noop("Does the other side do nothing twice?"),
            gettext_noop("Whether it ignores a webhook-id that it knows, for a day at least."),
            kind="choice",
            default="no",
            choices=(("no", gettext_noop("No, or unknown")), ("yes", gettext_noop("Yes"))),
        ),
    )
    session = WebhookSession
