"""A connected mailbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from folkmoot.networks.acts import Deletion, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Person, Place, SeenMessage, gettext_noop
from folkmoot.networks.email.account import Account
from folkmoot.networks.email.compose import Draft, answer, answered, compose, message_id, plain_address, reply_subject
from folkmoot.networks.email.imap import Mailbox, mailbox
from folkmoot.networks.email.listening import INBOX, Listening
from folkmoot.networks.email.live_parse import seen
from folkmoot.networks.email.smtp import outgoing
from folkmoot.networks.errors import NetworkError, Refused, Unsure
from folkmoot.networks.live import Checkup, Right

_READ = gettext_noop("Read the mails of the inbox")
_SENT = gettext_noop("See what was sent from other programs, and keep there what is sent from here")
_SEND = gettext_noop("Send mails")
_AT_ONCE = gettext_noop("Be told of new mails at once; without it they are looked for twice a minute")
_MEND_SENT = gettext_noop("Make a folder named Sent in the mailbox.")


class EmailSession(Listening):
    def check(self) -> Checkup:
        account = Account.read(self._access)
        with mailbox(account) as box:
            box.enter(INBOX)
            sent, idle = _sent(box), box.able("IDLE")
        with outgoing(account):
            pass
        rights = (
            Right("inbox", _READ, True),
            Right("smtp", _SEND, True),
            Right("sent", _SENT, sent is not None, needed=False, mend=_MEND_SENT),
            Right("idle", _AT_ONCE, idle, needed=False),
        )
        return Checkup(Person(account.address, account.sender or account.address, account.address), rights)

    def places(self) -> Sequence[Place]:
        account = Account.read(self._access)
        return [Place(account.address, account.address, "direct")]

    def close(self) -> None:
        """Connections last as long as each call."""

    def reply(self, act: Reply, key: str) -> Sent:
        account = Account.read(self._access)
        with mailbox(account) as box:
            return self._send(box, account, self._answer(box, account, act), act.place, key)

    def publish(self, act: Publication, key: str) -> Sent:
        account = Account.read(self._access)
        asked = act.options
        to = tuple(one.strip().lower() for one in asked.get("to", "").split(",") if one.strip())
        if not to:
            raise Refused("to whom? A new mail needs an address")
        with mailbox(account) as box:
            return self._send(box, account, Draft(to, act.title, act.text, media=act.media), act.place, key)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        """In Sent: it was sent. Still in Drafts: it was about to be. In neither: it never came so far."""
        account = Account.read(self._access)
        own = message_id(key, account.domain)
        with mailbox(account) as box:
            for folder in (_sent(box), _drafts(box)):
                if folder is None:
                    continue
                box.enter(folder)
                if not (uids := box.having(own)):
                    continue
                if folder == _drafts(box):
                    raise Unsure("the mail lies in Drafts: whether it was sent can't be told; ask whom it was for")
                [mail] = box.mails(uids[-1:])
                return Sent(own, seen=self._own(mail.raw, act.place, account))
        return None

    def delete(self, act: Deletion, key: str) -> Sent:
        account = Account.read(self._access)
        with mailbox(account) as box:
            trash = box.folder("trash", "trash", "deleted items", "deleted messages")
            if not trash:
                raise Refused("the mailbox has no folder for deleted mails; make one named Trash")
            for folder in filter(None, (INBOX, _sent(box), _junk(box))):
                _move(box, act.remote_id, folder, trash)
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset(("spam", "approve"))

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb not in ("spam", "approve"):
            raise Refused("a mail can be moved to spam and back; people can't be kept from writing")
        account = Account.read(self._access)
        with mailbox(account) as box:
            junk = _junk(box)
            if not junk:
                raise Refused("the mailbox has no folder for spam; make one named Junk")
            here, there = (INBOX, junk) if act.verb == "spam" else (junk, INBOX)
            if not _move(box, act.message, here, there):
                box.enter(there)
                if not box.having(act.message):
                    raise Refused("the mail is neither in the inbox nor in spam any more")
        return Sent(act.message)

    def _answer(self, box: Mailbox, account: Account, act: Reply) -> Draft:
        for folder in filter(None, (INBOX, _sent(box), box.folder("all"), box.folder("archive", "archive"))):
            box.enter(folder)
            if uids := box.having(act.parent):
                return answer(answered(box.head(uids[-1])), act.text, account.own, act.media)
        if "@" not in act.person or act.person in account.own:
            raise Refused("the mail that is answered is not in the mailbox any more, and it is not known who wrote it")
        ids = tuple(dict.fromkeys(one for one in (act.thread, act.parent) if one))
        return Draft((act.person,), reply_subject(act.title), act.text, ids, act.media)

    def _send(self, box: Mailbox, account: Account, draft: Draft, place: Place, key: str) -> Sent:
        """Sends a mail once: it lies in Drafts until it is surely sent, so that ``find_own`` can tell."""
        own, raw = message_id(key, account.domain), compose(account, draft, key, self._access.now())
        sent = _sent(box) or box.make("Sent")
        drafts = _drafts(box) or box.make("Drafts")
        box.enter(sent)
        if not box.having(own):
            with outgoing(account) as out:
                uid = self._keep(box, drafts, raw, own)
                with _taken_back(box, uid):
                    out.send(raw, plain_address(account.address), [*map(plain_address, draft.to)])
            self._file(box, sent, uid, own)
        return Sent(own, seen=self._own(raw, place, account))

    def _keep(self, box: Mailbox, drafts: str, raw: bytes, own: str) -> int:
        box.enter(drafts, writing=True)
        for leftover in box.having(own):
            box.remove(leftover)
        box.append(drafts, raw, r"(\Seen \Draft)")
        box.enter(drafts, writing=True)
        uids = box.having(own)
        if not uids:
            raise Refused("the mailbox does not keep what is put into Drafts")
        return uids[-1]

    def _file(self, box: Mailbox, sent: str, uid: int, own: str) -> None:
        """It is sent, whatever happens here. Some servers put what they send into Sent by themselves."""
        try:
            if box.able("X-GM-EXT-1"):
                box.remove(uid)
                return
            box.flag(uid, r"-FLAGS.SILENT (\Draft)")
            box.move(uid, sent)
        except NetworkError:
            return

    def _own(self, raw: bytes, place: Place, account: Account) -> SeenMessage | None:
        found = seen(raw, place, account.own, received="", now=self._access.now())
        return found if isinstance(found, SeenMessage) else None


@contextmanager
def _taken_back(box: Mailbox, uid: int) -> Iterator[None]:
    """The draft goes where the mail surely did not."""
    try:
        yield
    except Unsure:
        raise
    except NetworkError:
        with suppress(NetworkError):
            box.remove(uid)
        raise


def _move(box: Mailbox, message: str, here: str, there: str) -> bool:
    box.enter(here, writing=True)
    uids = box.having(message)
    for uid in uids:
        box.move(uid, there)
    return bool(uids)


def _sent(box: Mailbox) -> str | None:
    return box.folder("sent", "sent", "sent items", "sent messages")


def _drafts(box: Mailbox) -> str | None:
    return box.folder("drafts", "drafts")


def _junk(box: Mailbox) -> str | None:
    return box.folder("junk", "junk", "spam", "junk e-mail")
