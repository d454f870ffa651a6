"""An account at a WordPress site."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from folkmoot.networks.base import Person, Place, gettext_noop
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Checkup, Right
from folkmoot.networks.payload import mapping, text
from folkmoot.networks.wordpress.acting import Acting

_MEND = gettext_noop("In WordPress, open Users, choose the account and give it the role Editor.")
_RIGHTS = (
    ("moderate_comments", gettext_noop("See held comments; approve, hold, mark as spam and delete comments"), True),
    ("edit_others_posts", gettext_noop("Open and close comments, edit and delete posts of others"), False),
    ("publish_posts", gettext_noop("Publish posts"), False),
    ("upload_files", gettext_noop("Add pictures and files to posts"), False),
)


class WordPressSession(Acting):
    def check(self) -> Checkup:
        me = self._site.me()
        rights = [Right(name, why, name in me.able, needed, _MEND) for name, why, needed in _RIGHTS]
        return Checkup(Person(f"user-{me.id}", me.name, me.handle, avatar=me.avatar), tuple(rights))

    def places(self) -> Sequence[Place]:
        index = mapping(self._site.read("/", _fields="name,home,url,namespaces").data)
        if "wp/v2" not in (index.get("namespaces") or ()):
            raise Refused("no WordPress answers at this address; is it the address of the site's front page?")
        home = text(index.get("home")) or text(index.get("url")) or self._site.address
        parts = urlsplit(home)
        remote_id = f"{parts.netloc.lower()}{parts.path.rstrip('/')}"
        return [Place(remote_id, text(index.get("name")) or remote_id, "page", home)]

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""
