"""A mailbox that is subscribed to lists, and, where there is access to it, the Mailman that runs them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from email import message_from_bytes
from urllib.parse import quote

from folkmoot.networks.acts import Deletion, Invitation, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Place, Seen, Skipped, gettext_noop
from folkmoot.networks.email import headers
from folkmoot.networks.email.account import Account
from folkmoot.networks.email.compose import Draft, answered, reply_subject
from folkmoot.networks.email.imap import Mail, mailbox
from folkmoot.networks.email.listening import INBOX
from folkmoot.networks.email.live_parse import seen
from folkmoot.networks.email.session import EmailSession
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access, Checkup, Kind, Right
from folkmoot.networks.mailman.core import Core, NotThere
from folkmoot.networks.payload import count, text

_MODERATE = gettext_noop("See held mails; let them through, discard or reject them; ban and remove members; invite")
_MEND = gettext_noop("Enter the REST address of Mailman with its user name and password.")
_LOOKED_THROUGH = 500
_VERBS: frozenset[Verb] = frozenset(("approve", "spam", "mute", "unmute", "kick", "ban", "unban"))


class MailmanSession(EmailSession):
    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._core = Core(access) if access.settings.get("rest", "").strip() else None

    def check(self) -> Checkup:
        found = super().check()
        if self._core:
            self._core.read("system/versions")
        right = Right("rest", _MODERATE, self._core is not None, needed=False, mend="" if self._core else _MEND)
        return Checkup(found.account, (*found.rights, right))

    def places(self) -> Sequence[Place]:
        """The lists that the address is subscribed to: as Mailman says, else as the newest mails in the inbox show."""
        account = Account.read(self._access)
        if self._core is None:
            return self._lists_in_inbox(account)
        names = {text(one.get("list_id")): text(one.get("display_name")) for one in self._core.every("lists")}
        joined = self._core.every("members/find", subscriber=account.address, role="member")
        ids = dict.fromkeys(text(one.get("list_id")) for one in joined)
        return [Place(one, names.get(one) or one.partition(".")[0], "list") for one in ids]

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind("held", 60),) if self._core else ()

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        """Mails that wait for a decision. The id is the one they bear when they are let through."""
        if self._core is None:
            return Batch(place, [], cursor, more=False)
        account, now = Account.read(self._access), self._access.now()
        known, waiting = set(_read(cursor)), list[int]()
        found: list[Seen] = []
        skipped: list[Skipped] = []
        for one in self._core.held(place.remote_id):
            number, raw = count(one.get("request_id")), text(one.get("msg"))
            waiting += [number] if number else []
            if number in known:
                continue
            what = seen(raw.encode("utf-8", "surrogateescape"), place, account.own, received="", now=now)
            if isinstance(what, Skipped):
                skipped.append(Skipped(what.reason, where=f"{place.remote_id}, held mail {number}"))
            else:
                found.append(what)
        return Batch(place, found[:500], json.dumps(waiting), False, skipped)

    def reply(self, act: Reply, key: str) -> Sent:
        account, to = Account.read(self._access), (_posting(act.place),)
        with mailbox(account) as box:
            box.enter(INBOX)
            uids = box.having(act.parent)
            if uids:
                mail = answered(box.head(uids[-1]))
                ids = tuple(dict.fromkeys((*mail.references, mail.message_id)))
                draft = Draft(to, reply_subject(mail.subject), act.text, ids, act.media)
            else:
                ids = tuple(dict.fromkeys(one for one in (act.thread, act.parent) if one))
                draft = Draft(to, reply_subject(act.title), act.text, ids, act.media)
            return self._send(box, account, draft, act.place, key)

    def publish(self, act: Publication, key: str) -> Sent:
        account = Account.read(self._access)
        draft = Draft((_posting(act.place),), act.title, act.text, media=act.media)
        with mailbox(account) as box:
            return self._send(box, account, draft, act.place, key)

    def delete(self, act: Deletion, key: str) -> Sent:
        """Of a held mail only: rejected with the reason, where there is one, else discarded."""
        core = self._moderating()
        number = core.held_number(act.place.remote_id, act.remote_id)
        if number is None:
            if self._went_out(act.remote_id):
                raise Refused("the mail has gone out to all members; it can't be taken back")
            return Sent(act.remote_id)
        told = {"action": "reject", "comment": act.reason} if act.reason else {"action": "discard"}
        self._decide(act.place, number, **told)
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return _VERBS if self._core else frozenset()

    def moderate(self, act: Moderation, key: str) -> Sent:
        core, place = self._moderating(), act.place.remote_id
        if act.verb in ("approve", "spam"):
            return self._judge(act)
        if act.verb == "ban":
            self._ban(place, act.person)
        elif act.verb == "unban":
            with suppress(NotThere):
                core.act(f"lists/{place}/bans/{quote(act.person)}", "DELETE")
        elif act.verb in ("mute", "unmute", "kick"):
            member = core.member(place, act.person)
            if act.verb == "kick" and member:
                with suppress(NotThere):
                    core.act(f"members/{member}", "DELETE")
            elif act.verb != "kick" and not member:
                raise Refused("this person is not on the list; ban the address to keep it from writing")
            elif member:
                core.act(f"members/{member}", "PATCH", moderation_action="hold" if act.verb == "mute" else "defer")
        else:
            raise Refused("a list knows nothing of that kind")
        return Sent(act.message)

    def invite(self, act: Invitation, key: str) -> Sent:
        core = self._moderating()
        if not core.member(act.place.remote_id, act.person):
            core.act("members", list_id=act.place.remote_id, subscriber=act.person, invitation="true")
        return Sent()

    def _belongs(self, mail: Mail, places: Sequence[Place], account: Account) -> Place | None:
        head = headers.Head(message_from_bytes(mail.raw).raw_items())
        if head.raw("Precedence").strip().lower() == "bulk":
            return None  # what Mailman itself writes to members and owners
        stated = headers.list_of(head)
        if stated:
            return next((place for place in places if place.remote_id == stated[0]), None)
        author = headers.author(head)
        if author is None or author.remote_id not in account.own:
            return None
        # What we sent to the list, from the folder Sent
        to = {*answered(mail.raw).to}
        return next((place for place in places if _posting(place) in to), None)

    def _judge(self, act: Moderation) -> Sent:
        core, place = self._moderating(), act.place
        number = core.held_number(place.remote_id, act.message)
        out = number is None and self._went_out(act.message)
        if number is not None:
            self._decide(place, number, action="accept" if act.verb == "approve" else "discard")
        elif act.verb == "approve" and not out:
            raise Refused("the mail is not held any more; somebody discarded it")
        elif act.verb == "spam" and out:
            raise Refused("the mail has gone out to all members; it can't be taken back. Ban its author instead")
        return Sent(act.message)

    def _decide(self, place: Place, number: int, **told: str) -> None:
        with suppress(NotThere):  # somebody was quicker
            self._moderating().act(f"lists/{place.remote_id}/held/{number}", **told)

    def _ban(self, place: str, address: str) -> None:
        core = self._moderating()
        if "@" not in address:
            raise Refused("this person's address is not known, and only addresses can be banned")
        if not any(text(one.get("email")) == address for one in core.every(f"lists/{place}/bans")):
            core.act(f"lists/{place}/bans", email=address)

    def _went_out(self, message_id: str) -> bool:
        with mailbox(Account.read(self._access)) as box:
            box.enter(INBOX)
            return bool(box.having(message_id))

    def _moderating(self) -> Core:
        if self._core is None:
            raise Refused("for that Folkmoot needs Mailman's REST address; enter it in the channel's connection")
        return self._core

    def _lists_in_inbox(self, account: Account) -> Sequence[Place]:
        found: dict[str, Place] = {}
        with mailbox(account) as box:
            box.enter(INBOX)
            for head in box.heads(box.search("HEADER", "List-Id", '""')[-_LOOKED_THROUGH:]):
                stated = headers.list_of(headers.Head(message_from_bytes(head).raw_items()))
                if stated:
                    found.setdefault(stated[0], Place(stated[0], stated[1], "list"))
        return list(found.values())


def _posting(place: Place) -> str:
    """The address that a list is written to: its id with a dot for the at sign (RFC 2919, as Mailman makes it)."""
    return place.remote_id.replace(".", "@", 1)


def _read(cursor: str) -> list[int]:
    try:
        found = json.loads(cursor) if cursor else []
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, int)] if isinstance(found, list) else []
