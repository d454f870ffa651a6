"""Telegram's Bot API on this machine, made after its documentation, for one bot and the people around it.

What people do is ordered at ``/people/<deed>`` with a JSON object; what the chats hold is read at ``/people/world``.
The Bot API has no server that could be run alone: Telegram's own needs Telegram behind it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from servers.base import Running

TOKEN = "700:plaza-bot"
BOT = {"id": 700, "is_bot": True, "first_name": "Folk", "username": "folk_bot"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
CHATS: list[dict[str, Any]] = [
    {"id": -1001000000001, "type": "supergroup", "title": "Сад", "username": "gardenclub"},
    {"id": -1001000000002, "type": "channel", "title": "Garden news"},
    {"id": -1001000000003, "type": "supergroup", "title": "News talk"},
    {"id": -1001000000004, "type": "supergroup", "title": "Forum", "is_forum": True},
    {"id": -55, "type": "group", "title": "Small"},
]
LINKED = {-1001000000002: -1001000000003}
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

Params = dict[str, Any]


class Wrong(Exception):
    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.parameters = code, parameters


def bad(description: str) -> Wrong:
    return Wrong(400, f"Bad Request: {description}")


@dataclass
class World:
    """The chats, and what waits for the bot."""

    chats: dict[int, dict[str, Any]] = field(default_factory=lambda: {one["id"]: dict(one) for one in CHATS})
    messages: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    pinned: dict[int, list[int]] = field(default_factory=dict)
    members: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    requests: set[tuple[int, int]] = field(default_factory=set)
    updates: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    hook: dict[str, Any] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    next_errors: list[dict[str, Any]] = field(default_factory=list)
    numbers: int = 100
    news: threading.Condition = field(default_factory=threading.Condition)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        allowed = kind in self.wanted if self.wanted else kind not in UNASKED
        if not allowed:
            return
        with self.news:
            self.updates.append({"update_id": self.number(), kind: json.loads(json.dumps(payload))})
            self.news.notify_all()

    def chat(self, wanted: Any) -> dict[str, Any]:
        for chat in self.chats.values():
            if str(wanted) in (str(chat["id"]), f"@{chat.get('username')}"):
                if new := chat.get("moved_to"):
                    raise Wrong(
                        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new
                    )
                return chat
        raise bad("chat not found")

    def shown(self, chat: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in chat.items() if name != "moved_to"}

    def message(self, chat: dict[str, Any], sender: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"message_id": self.number(), "date": int(time.time()), "chat": self.shown(chat)}
        if chat["type"] == "channel":
            made["sender_chat"] = self.shown(chat)
        elif sender:
            made["from"] = sender
        made |= {name: value for name, value in more.items() if value is not None}
        self.messages.setdefault(chat["id"], {})[made["message_id"]] = made
        return made

    def found(self, chat: dict[str, Any], number: Any, what: str) -> dict[str, Any]:
        if message := self.messages.get(chat["id"], {}).get(int(number)):
            return message
        raise bad(f"message to {what} not found")


class Api:
    """The methods of the Bot API."""

    def __init__(self, world: World) -> None:
        self.world = world

    def do(self, method: str, given: Params, files: dict[str, bytes]) -> Any:
        if self.world.next_errors:
            error = self.world.next_errors.pop(0)
            raise Wrong(error["code"], error["description"], **error.get("parameters", {}))
        named: dict[str, Callable[[Params], Any]] = {
            "getMe": lambda _: BOT | {"can_join_groups": True, "can_read_all_group_messages": True},
            "getUpdates": self.get_updates, "setWebhook": self.set_webhook, "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": lambda _: {"url": self.world.hook.get("url", ""), "pending_update_count": 0},
            "getChat": lambda given: self.world.shown(self.world.chat(given["chat_id"])),
            "getChatMember": self.get_member, "sendMessage": self.send_message, "sendPoll": self.send_poll,
            "editMessageText": lambda given: self.edit(given, "text"),
            "editMessageCaption": lambda given: self.edit(given, "caption"),
            "deleteMessage": self.delete, "pinChatMessage": self.pin, "unpinChatMessage": self.unpin,
            "banChatMember": self.ban, "unbanChatMember": self.unban, "restrictChatMember": self.restrict,
            "banChatSenderChat": lambda given: self.sender(given, "kicked"),
            "unbanChatSenderChat": lambda given: self.sender(given, "left"),
            "approveChatJoinRequest": lambda given: self.decide(given, "member"),
            "declineChatJoinRequest": lambda given: self.decide(given, "left"),
            "sendPhoto": lambda given: self.send_file(given, files, "photo"),
            "sendDocument": lambda given: self.send_file(given, files, "document"),
            "sendMediaGroup": lambda given: self.send_group(given, files),
        }  # fmt: skip
        if method not in named:
            raise Wrong(404, "Not Found")
        return named[method](given)

    def get_updates(self, given: Params) -> Any:
        world = self.world
        if world.hook.get("url"):
            raise Wrong(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        if given.get("allowed_updates") is not None:
            world.wanted = given["allowed_updates"]
        if (offset := given.get("offset")) is not None:
            world.updates = [one for one in world.updates if one["update_id"] >= int(offset)]
        with world.news:
            world.news.wait_for(lambda: bool(world.updates), timeout=float(given.get("timeout") or 0))
        return world.updates[: int(given.get("limit") or 100)]

    def set_webhook(self, given: Params) -> Any:
        self.world.hook, self.world.wanted = dict(given), given.get("allowed_updates") or []
        return True

    def delete_webhook(self, given: Params) -> Any:
        self.world.hook = {}
        return True

    def get_member(self, given: Params) -> Any:
        chat = self.world.chat(given["chat_id"])
        if int(given["user_id"]) == BOT["id"]:
            rights = ("can_delete_messages", "can_restrict_members", "can_pin_messages", "can_invite_users")
            leads = {"status": "administrator"} | dict.fromkeys(rights, True)
            return {"user": BOT, "status": "member"} | (leads if chat["type"] != "group" else {})
        return self.world.members.get((chat["id"], int(given["user_id"])), {"status": "left"})

    def _place(self, given: Params) -> tuple[dict[str, Any], dict[str, Any]]:
        """The chat, and what a message has of its place there."""
        chat = self.world.chat(given["chat_id"])
        more: dict[str, Any] = {}
        answered = given.get("reply_parameters")
        if isinstance(answered, str):
            answered = json.loads(answered)
        if answered:
            old = self.world.found(chat, answered["message_id"], "be replied")
            more["reply_to_message"] = {name: value for name, value in old.items() if name != "reply_to_message"}
            if old.get("is_topic_message"):
                more |= {"is_topic_message": True, "message_thread_id": old["message_thread_id"]}
        if given.get("message_thread_id") is not None:
            topic = self.world.messages.get(chat["id"], {}).get(int(given["message_thread_id"]), {})
            if not topic.get("forum_topic_created"):
                raise bad("message thread not found")
            more |= {"is_topic_message": True, "message_thread_id": topic["message_id"], "reply_to_message": topic}
        return chat, more

    def send_message(self, given: Params) -> Any:
        chat, more = self._place(given)
        if not given.get("text"):
            raise bad("message text is empty")
        if len(given["text"].encode("utf-16-le")) // 2 > 4096:
            raise bad("message is too long")
        return self.world.message(chat, BOT, text=given["text"], **more)

    def send_poll(self, given: Params) -> Any:
        chat, more = self._place(given)
        options = [{"text": one["text"], "voter_count": 0} for one in given["options"]]
        return self.world.message(
            chat, BOT, poll={"id": "1", "question": given["question"], "options": options}, **more
        )

    def _file(self, kind: str, data: bytes) -> Any:
        ident = f"file{self.world.number()}"
        self.world.files[ident] = data
        one = {"file_id": ident, "file_unique_id": ident, "file_size": len(data)}
        return [one | {"width": 1, "height": 1}] if kind == "photo" else one

    def send_file(self, given: Params, files: dict[str, bytes], kind: str) -> Any:
        chat, more = self._place(given)
        if kind not in files:
            raise bad(f"there is no {kind} in the request")
        return self.world.message(
            chat, BOT, caption=given.get("caption"), **{kind: self._file(kind, files[kind])}, **more
        )

    def send_group(self, given: Params, files: dict[str, bytes]) -> Any:
        chat, more = self._place(given)
        group = str(self.world.number())
        return [
            self.world.message(
                chat,
                BOT,
                media_group_id=group,
                caption=one.get("caption"),
                **{one["type"]: self._file(one["type"], files[one["media"].removeprefix("attach://")])},
                **more,
            )
            for one in json.loads(given["media"])
        ]

    def edit(self, given: Params, what: str) -> Any:
        chat = self.world.chat(given["chat_id"])
        message = self.world.found(chat, given["message_id"], "edit")
        if what not in message:
            raise bad(f"there is no {what} in the message to edit")
        if message[what] == given[what]:
            raise bad("message is not modified: specified new message content and reply markup are exactly the same")
        if message.get("from") != BOT and chat["type"] != "channel":
            raise bad("message can't be edited")
        message |= {what: given[what], "edit_date": int(time.time())}
        return message

    def delete(self, given: Params) -> Any:
        chat = self.world.chat(given["chat_id"])
        self.world.found(chat, given["message_id"], "delete")
        del self.world.messages[chat["id"]][int(given["message_id"])]
        return True

    def pin(self, given: Params) -> Any:
        chat = self.world.chat(given["chat_id"])
        self.world.found(chat, given["message_id"], "pin")
        self.world.pinned.setdefault(chat["id"], []).append(int(given["message_id"]))
        return True

    def unpin(self, given: Params) -> Any:
        chat = self.world.chat(given["chat_id"])
        if int(given["message_id"]) not in self.world.pinned.get(chat["id"], []):
            raise bad("message to unpin not found")
        self.world.pinned[chat["id"]].remove(int(given["message_id"]))
        return True

    def _stand(self, given: Params, **standing: Any) -> bool:
        chat, person = self.world.chat(given["chat_id"]), int(given["user_id"])
        old = self.world.members.get(
            (chat["id"], person), {"user": {"id": person, "first_name": "?"}, "status": "left"}
        )
        if old["status"] == "administrator":
            raise bad("user is an administrator of the chat")
        new = {"user": old["user"], **standing}
        self.world.members[chat["id"], person] = new
        update = {"chat": self.world.shown(chat), "from": BOT, "date": int(time.time())}
        self.world.tell("chat_member", update | {"old_chat_member": old, "new_chat_member": new})
        return True

    def ban(self, given: Params) -> Any:
        return self._stand(given, status="kicked", until_date=given.get("until_date") or 0)

    def unban(self, given: Params) -> Any:
        standing = self.world.members.get((self.world.chat(given["chat_id"])["id"], int(given["user_id"])), {})
        return standing.get("status") != "kicked" or self._stand(given, status="left")

    def restrict(self, given: Params) -> Any:
        if self.world.chat(given["chat_id"])["type"] != "supergroup":
            raise bad("method is available only for supergroups")
        writes = given["permissions"].get("can_send_messages")
        return self._stand(
            given, status="member" if writes else "restricted", is_member=True, until_date=given.get("until_date") or 0
        )

    def sender(self, given: Params, status: str) -> Any:
        self.world.members[self.world.chat(given["chat_id"])["id"], int(given["sender_chat_id"])] = {"status": status}
        return True

    def decide(self, given: Params, status: str) -> Any:
        asked = (self.world.chat(given["chat_id"])["id"], int(given["user_id"]))
        if asked not in self.world.requests:
            raise bad("HIDE_REQUESTER_MISSING")
        self.world.requests.remove(asked)
        return self._stand(given, status=status)


class People:
    """What people do, as tests order it."""

    def __init__(self, world: World) -> None:
        self.world = world

    def do(self, deed: str, given: Params) -> Any:
        return getattr(self, f"people_{deed}")(given)

    def people_world(self, given: Params) -> Any:
        world = self.world
        return {
            "messages": {str(chat): list(one.values()) for chat, one in world.messages.items()},
            "pinned": {str(chat): one for chat, one in world.pinned.items()},
            "members": {f"{chat}/{person}": one for (chat, person), one in world.members.items()},
            "files": {name: len(data) for name, data in world.files.items()},
            "waiting": len(world.updates),
            "hook": world.hook,
        }

    def people_say(self, given: Params) -> Any:
        """``anonymous`` stands for an administrator who speaks in the name of the group."""
        chat = self.world.chat(given.pop("chat"))
        sender = given.pop("from", None)
        if given.pop("anonymous", False):
            sender, given["sender_chat"] = ANONYMOUS, self.world.shown(chat)
        if answered := given.pop("answers", None):
            old = self.world.found(chat, answered, "be replied")
            given["reply_to_message"] = {name: value for name, value in old.items() if name != "reply_to_message"}
        kind = "channel_post" if chat["type"] == "channel" else "message"
        made = self.world.message(chat, sender, **given)
        self.world.tell(kind, made)
        if linked := LINKED.get(chat["id"]):
            more = {"sender_chat": self.world.shown(chat), "is_automatic_forward": True}
            there = self.world.message(self.world.chats[linked], SERVICE, **given, **more)
            self.world.tell("message", there)
            return made | {"forwarded_as": there["message_id"]}
        return made

    def people_edit(self, given: Params) -> Any:
        message = self.world.found(self.world.chat(given["chat"]), given["id"], "edit")
        message |= {"text": given["text"], "edit_date": int(time.time()) + 1}
        kind = "edited_channel_post" if message["chat"]["type"] == "channel" else "edited_message"
        self.world.tell(kind, message)
        return message

    def people_tell(self, given: Params) -> Any:
        """Any other update as it stands."""
        given["payload"]["chat"] = self.world.shown(self.world.chat(given["payload"]["chat"]))
        if given["kind"] == "chat_join_request":
            self.world.requests.add((given["payload"]["chat"]["id"], given["payload"]["from"]["id"]))
        self.world.tell(given["kind"], {"date": int(time.time())} | given["payload"])
        return True

    def people_found(self, given: Params) -> Any:
        self.world.chats[given["id"]] = dict(given)
        return True

    def people_stand(self, given: Params) -> Any:
        self.world.members[given["chat"], given["user"]["id"]] = {"user": given["user"], "status": given["status"]}
        return True

    def people_migrate(self, given: Params) -> Any:
        old, new = self.world.chats[given["chat"]], given["to"]
        self.world.tell("message", self.world.message(old, SERVICE, migrate_to_chat_id=new))
        self.world.chats[new] = {"id": new, "type": "supergroup", "title": old["title"]}
        old["moved_to"] = new
        return self.world.tell(
            "message", self.world.message(self.world.chats[new], SERVICE, migrate_from_chat_id=old["id"])
        )

    def people_fail(self, given: Params) -> Any:
        self.world.next_errors.append(given)
        return True

    def people_deliver(self, given: Params) -> Any:
        """Sends what waits to the bot's address, in the order that is asked for; gives the statuses that came back."""
        waiting, hook = self.world.updates, self.world.hook
        order = given.get("order") or range(len(waiting))
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.get("secret_token", "")}
        return [
            httpx.post(hook["url"], json=waiting[index], headers=headers, trust_env=False).status_code
            for index in order
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, format: str, *args: Any) -> None:
        return None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        given, files = self._given(body)
        head, _, method = self.path.lstrip("/").partition("/")
        try:
            if head == "people":
                self._say(200, {"ok": True, "result": People(self.world).do(method, given)})
            elif head != f"bot{TOKEN}":
                raise Wrong(401, "Unauthorized")
            else:
                self._say(200, {"ok": True, "result": Api(self.world).do(method, given, files)})
        except Wrong as error:
            answer: dict[str, Any] = {"ok": False, "error_code": error.code, "description": str(error)}
            self._say(error.code, answer | ({"parameters": error.parameters} if error.parameters else {}))

    def _given(self, body: bytes) -> tuple[Params, dict[str, bytes]]:
        kind = self.headers.get("content-type", "")
        if not kind.startswith("multipart/"):
            return json.loads(body or b"{}"), {}
        given: Params = {}
        files: dict[str, bytes] = {}
        for part in BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).walk():
            name, data = str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True)
            if part.get_filename() and isinstance(data, bytes):
                files[name] = data
            elif isinstance(data, bytes):
                given[name] = data.decode()
        return given, files

    def _say(self, status: int, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who hang up in the middle do so on purpose."""


def install(folder: Path) -> None:
    """It is here already."""


@contextmanager
def start(installed: Path, work: Path) -> Iterator[Running]:
    handler = type("Handler", (_Handler,), {"world": World()})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.server_address[1]}", {"token": TOKEN})
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
