"""What operators of a channel do to people: by modes, which differ between servers."""

from __future__ import annotations

from collections.abc import Mapping

from folkmoot.networks.acts import Invitation, Moderation, Verb
from folkmoot.networks.errors import Refused
from folkmoot.networks.irc.link import Link
from folkmoot.networks.irc.wire import Wire, masks

VERBS: frozenset[Verb] = frozenset(("mute", "unmute", "kick", "ban", "unban"))
_ABSENT = ("401", "441", "442")
_AGAINST: Mapping[str, str] = {
    "482": "The account is no channel operator there. Give it operator rights (+o), lastingly by ChanServ.",
    "481": "Only the network's operators may do this.",
    "478": "The channel's list is full. Remove old bans first.",
    "472": "The server knows no such mode.",
    "484": "This person can't be removed: the network protects them.",
    "485": "Only the channel's founder may do this.",
    "403": "There is no such channel.",
    "442": "The account is not in the channel.",
}
# Another connection of ours makes this one an operator as soon as it sees it come
_PATIENCE = 3


def is_operator(link: Link, channel: str) -> bool:
    link.send("NAMES", channel)
    ours = [
        name.lstrip("@+%&~!").partition("!")[0] == link.nick and name[:1] in "@&~!"
        for wire in link.settle()
        if wire.command == "353"
        for name in wire.last.split()
    ]
    return any(ours)


def moderate(link: Link, act: Moderation) -> None:
    channel = act.place.name
    if act.verb == "kick":
        _ask(link, "KICK", channel, act.person, act.reason or "removed", harmless=_ABSENT[:2])
    elif act.verb in ("ban", "unban"):
        _listed(link, act, "b", "")
    else:
        mode, before = quieting(link.features)
        _listed(link, act, mode, before)
    if act.verb == "ban":
        _ask(link, "KICK", channel, act.person, act.reason or "banned", harmless=_ABSENT[:2])


def invite(link: Link, act: Invitation) -> None:
    if " " in act.person:
        raise Refused("On IRC people are invited by their nick.")
    answers = _ask(link, "INVITE", act.person, act.place.name)
    if any(wire.command == "401" for wire in answers):
        raise Refused(f"{act.person} is not on the network now. Invite them when they are.")


def quieting(features: Mapping[str, str]) -> tuple[str, str]:
    """The mode whose list silences people, and what stands before each mask in it, by what the server says of itself."""
    if "q" in features.get("CHANMODES", "").partition(",")[0]:
        return "q", ""
    prefix, _, kinds = features.get("EXTBAN", "").partition(",")
    if not prefix and "m" in kinds:
        return "b", "m:"
    if prefix and "q" in kinds:
        return "b", f"{prefix}q:"
    raise Refused(
        "This server has no way to silence one person. Remove or ban them, or make the channel moderated (+m)."
    )


def _listed(link: Link, act: Moderation, mode: str, before: str) -> None:
    """Puts a mask of the person on a list of the channel, or takes theirs off it."""
    channel, known = act.place.name, _whereabouts(link, act.person)
    possible = [before + mask for mask in (known, f"{masks(act.person)}!*@*") if mask]
    listed = _list(link, channel, mode)
    there = [mask for mask in listed if mask.lower() in {one.lower() for one in possible}]
    if act.verb in ("ban", "mute"):
        if not there:
            _ask(link, "MODE", channel, f"+{mode}", possible[0])
        return
    for mask in there:
        _ask(link, "MODE", channel, f"-{mode}", mask)
    if not there and listed and not known:
        raise Refused(
            f"{act.person} is not on the network, so that theirs can't be told. Listed are: {', '.join(listed[:8])}"
        )


def _list(link: Link, channel: str, mode: str) -> list[str]:
    answers = _ask(link, "MODE", channel, f"+{mode}")
    return [wire.param(3 if wire.command == "728" else 2) for wire in answers if wire.command in ("367", "728")]


def _whereabouts(link: Link, nick: str) -> str:
    """A mask by the user and host of whoever has the nick now, or had it last; it holds after a change of nick."""
    for question in ("WHOIS", "WHOWAS"):
        link.send(question, nick)
        for wire in link.settle():
            if wire.command in ("311", "314") and wire.param(1).lower() == nick.lower():
                return f"*!{masks(wire.param(2))}@{masks(wire.param(3))}"
    return ""


def _ask(link: Link, command: str, *params: str, harmless: tuple[str, ...] = ()) -> list[Wire]:
    """What the server answers. Raises ``Refused``."""
    for turn in range(_PATIENCE + 1):
        link.send(command, *params)
        answers = link.settle()
        against = [wire.command for wire in answers if wire.command in _AGAINST and wire.command not in harmless]
        if not against:
            return answers
        if against[0] != "482" or turn == _PATIENCE:
            break
        link.listen(1.0)
    raise Refused(_AGAINST[against[0]])
