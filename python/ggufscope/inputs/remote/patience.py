"""How long a failing server is waited for: as long as it asks, up to a limit, or longer with each failure in a row."""

from __future__ import annotations

import datetime
import email.utils
import logging
import random
import re
import time
from typing import TYPE_CHECKING

from ...text.escape import escape

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

logger = logging.getLogger("ggufscope")

MOST_FAILURES = 6  # in a row, without a byte
MOST_IN_ALL = 50  # of one range, however little came in between
LONGEST_WAIT = 300.0  # seconds that a server may ask for
_FIRST_WAIT, _LONGEST_OWN_WAIT = 0.5, 8.0
_SHOWN_FROM = 1.0  # seconds
_RATE_LIMIT = re.compile(r"r\s*=\s*(?P<left>\d{1,9})\s*;\s*t\s*=\s*(?P<seconds>\d{1,9})", re.ASCII)


class CancelledError(OSError):
    """The reading was given up meanwhile."""


class Patience:
    """Waits between attempts at one range.

    Args:
        name: of the file in lines.
        stop: is set when nobody wants the range any more.
    """

    def __init__(self, name: str, stop: threading.Event) -> None:
        self._name = name
        self._stop = stop
        self._failures = 0
        self._all = 0

    def succeeded(self) -> None:
        """Tell of bytes that came."""
        self._failures = 0

    def failed(self, reason: str, headers: Mapping[str, str] | None = None) -> None:
        """Wait before the next attempt.

        Raises:
            CancelledError: Nobody wants the range any more.
            OSError: It failed too often, or the server asks for too long a wait.
        """
        self._failures += 1
        self._all += 1
        if self._failures > MOST_FAILURES:
            raise OSError(f"{self._name}: {reason}, {self._failures} times in a row")
        if self._all > MOST_IN_ALL:
            raise OSError(f"{self._name}: {reason}, {self._all} times for one range")
        asked = None if headers is None else asked_wait(headers)
        if asked is not None and asked > LONGEST_WAIT:
            raise OSError(f"{self._name}: {reason}, and asks to wait {asked:.0f} s; the limit is {LONGEST_WAIT:.0f}")
        own = min(_LONGEST_OWN_WAIT, _FIRST_WAIT * 2.0 ** (self._failures - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        self.wait(own if asked is None else asked, reason)

    def wait(self, seconds: float, reason: str) -> None:
        """Wait, and say so where it takes long.

        Raises:
            CancelledError: Nobody wants the range any more.
        """
        if seconds >= _SHOWN_FROM:
            logger.warning("%s: %s; waiting %.0f s", escape(self._name), escape(reason), seconds)
        if self._stop.wait(seconds):
            raise CancelledError(f"{self._name}: reading was given up")


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, by `Retry-After` (seconds or a date) or else `RateLimit`; None without."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    if text:
        try:
            date = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return rate_limit_wait(headers)
        date = date if date.tzinfo is not None else date.replace(tzinfo=datetime.UTC)
        return max(0.0, date.timestamp() - time.time())
    return rate_limit_wait(headers)


def rate_limit_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until a server takes requests again, of an answer that says none are left: `"api";r=0;t=55`."""
    match = _RATE_LIMIT.search(headers.get("ratelimit", ""))
    return float(match["seconds"]) if match is not None and int(match["left"]) == 0 else None
