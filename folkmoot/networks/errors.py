"""Why a connector could not do something, told by what whoever asked is to do next.

NetworkError
├── Later       try again after a while
├── Reconnect   a person must connect the account again
├── Refused     it will never work like this
├── Moved       the place has another id now
└── Unsure      it may have happened; find out before it is tried again
"""

from __future__ import annotations

import re

MOST_WORDS = 500
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # what a server may say, and no database takes

MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a fault of our own in a connector raises: logged, and no reason to stop listening to others."""


class NetworkError(Exception):
    """Why a connector could not do it; the message is for a person, and no longer than a few lines."""

    def __init__(self, message: str) -> None:
        super().__init__(_UNSTORABLE.sub("", message)[:MOST_WORDS])


class Later(NetworkError):
    """Surely not done. Try again after ``retry_after`` seconds.

    ``everywhere`` says that the network asks the whole account to wait, and not for this place alone.
    """

    def __init__(self, message: str, *, retry_after: float, everywhere: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.everywhere = everywhere


class Reconnect(NetworkError):
    """The network no longer knows us: a person must connect the account again. Surely not done."""


class Refused(NetworkError):
    """It will never work like this; the message says what to do. Surely not done."""


class Unsure(NetworkError):
    """It may have happened: no answer came, or none that can be read, after the network had been asked."""


class Moved(NetworkError):
    """The place has another id now, ``remote_id``; ask there. Surely not done.

    ``was`` is its id from before, for news of several places.
    """

    def __init__(self, message: str, *, remote_id: str, was: str = "") -> None:
        super().__init__(message)
        self.remote_id = remote_id
        self.was = was
