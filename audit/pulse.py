"""The thread that publishes checkpoints beside a sequencer, so that publishing holds up no acknowledgement."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable

from audit.errors import ClockWentBack, LogFailed

Reply = Callable[[str | None, str | None], None]  # the note, or else why there is none


class Pulse(threading.Thread):
    """Publishes soon after entries came, and when asked. Ends at ``finish`` or when publishing fails.

    A clock that stands in the past ends nothing: who asked is told, and publishing is tried again at each interval.
    """

    def __init__(self, publish: Callable[[], str], interval: float, wake: Callable[[], None]) -> None:
        """``publish`` begins at most ``interval`` seconds after an entry; ``wake`` is called when ``done`` grew."""
        super().__init__(name="audit-publisher", daemon=True)
        self._publish = publish
        self._interval = interval
        self._wake = wake
        self._changed = threading.Condition()
        self._due: float | None = None
        self._asked: list[Reply] = []
        self._closing = False
        self.done: deque[Callable[[], None]] = deque()  # replies to make, in the thread of the sequencer
        self.failure: str | None = None

    def entries_came(self) -> None:
        """Publish within the interval. The entries are durable already."""
        if self._due is None:
            with self._changed:
                self._due = time.monotonic() + self._interval
                self._changed.notify()

    def ask(self, reply: Reply) -> None:
        """Publish now; ``reply`` is put in ``done`` with the outcome."""
        with self._changed:
            self._asked.append(reply)
            self._changed.notify()

    def finish(self) -> None:
        """Answer those that asked, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Work until ``finish``, or until publishing fails."""
        while self.failure is None:
            asked = self._next()
            if asked is None:
                return
            note, why = self._try()
            self.done.extend(functools.partial(reply, note, why) for reply in asked)
            if asked or note is None:
                self._wake()

    def _next(self) -> list[Reply] | None:
        """Sleep until there is something to do; return who asked, or None at the end."""
        with self._changed:
            while not self._asked and (self._due is None or self._due > time.monotonic()):
                if self._closing:
                    return None
                self._changed.wait(None if self._due is None else max(0.0, self._due - time.monotonic()))
            asked, self._asked, self._due = self._asked, [], None
            return asked

    def _try(self) -> tuple[str | None, str | None]:
        """Return the note, or else why there is none."""
        try:
            return self._publish(), None
        except ClockWentBack as error:
            self.entries_came()
            return None, str(error)
        except LogFailed as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a thread that died unseen would leave a log that is never published
            self.failure = f"the log cannot be written: publishing failed ({type(error).__name__})"
        return None, self.failure
