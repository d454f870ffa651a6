"""The connectors there are: one line each; outsiders come by the entry point ``folkmoot.networks``."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from folkmoot.networks.base import Backfills, Connector, Format

GROUP = "folkmoot.networks"

OWN = {
    "slack": "folkmoot.networks.slack:Slack",
    "discord": "folkmoot.networks.discord:Discord",
    "telegram": "folkmoot.networks.telegram:Telegram",
    "zulip": "folkmoot.networks.zulip:Zulip",
    "discourse": "folkmoot.networks.discourse:Discourse",
    "gitter": "folkmoot.networks.gitter:Gitter",
    "matrix": "folkmoot.networks.matrix:Matrix",
    "email": "folkmoot.networks.email:Email",
    "irc": "folkmoot.networks.irc:Irc",
    "wordpress": "folkmoot.networks.wordpress:WordPress",
    "mastodon": "folkmoot.networks.mastodon:Mastodon",
    "bluesky": "folkmoot.networks.bluesky:Bluesky",
    "rss": "folkmoot.networks.rss:Rss",
    "mailman": "folkmoot.networks.mailman:Mailman",
    "xmpp": "folkmoot.networks.xmpp:Xmpp",
    "isso": "folkmoot.networks.isso:Isso",
    "github": "folkmoot.networks.github:GitHub",
    "ghost": "folkmoot.networks.ghost:Ghost",
    "webhook": "folkmoot.networks.webhook:Webhook",
    "file": "folkmoot.networks.file:File",  # last: it takes whatever nobody else recognises
}


@cache
def connectors() -> dict[str, Connector]:
    """Every connector by its slug, outsiders before the catch-all."""
    found = [EntryPoint(slug, value, GROUP) for slug, value in OWN.items()]
    found[-1:-1] = [point for point in entry_points(group=GROUP) if point.name not in OWN]
    return {point.name: point.load()() for point in found}


def get(slug: str) -> Connector | None:
    return connectors().get(slug)


def readers() -> list[tuple[Connector, Format, Backfills]]:
    """Every archive format that can be read, in the order in which an archive is offered to them."""
    return [
        (connector, form, connector)
        for connector in connectors().values()
        if isinstance(connector, Backfills)
        for form in connector.facts.formats
    ]
