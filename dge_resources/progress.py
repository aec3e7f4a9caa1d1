"""Progress of members that run side by side: who is where, how much is done, how long it will take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

EARLIEST_SHARE = 0.05
"""Before this much is done, starting up hides how fast the work is: no time left is told."""
LONG_SECONDS = 180.0
"""Work that takes longer is told beforehand, with how to shorten it."""
TIMED_STEPS = 2
"""Steps after a member's first, which holds its start, that are timed before anything is said of
the whole.
"""


@dataclass
class ProgressBoard:
    """Collects (member, step, steps) and says one line at a time through `say`, at most every
    `every_seconds`.
    """

    title: str
    keys: Sequence[str]
    say: Callable[[str], None]
    every_seconds: float = 5.0
    clock: Callable[[], float] = time.monotonic
    noun: str = "members"
    unit: str = "steps"
    shorten: str = ""
    """How to make the work shorter; where given, a long one's whole time is said once, from its
    first steps.
    """
    _firsts: dict[str, tuple[int, float]] = field(default_factory=dict)
    _estimated: bool = False
    _steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _started: float = 0.0
    _said: float = 0.0

    def __post_init__(self) -> None:
        """Start the clock."""
        self._started = self._said = self.clock()

    def step(self, key: str, done: int, of: int) -> None:
        """Member `key` has done `done` of `of` steps."""
        self._steps[key] = (done, of)
        if done:
            self._firsts.setdefault(key, (done, self.clock()))
        if self.shorten and not self._estimated:
            self._estimate()
        if self.clock() - self._said >= self.every_seconds:
            self._speak()

    def finish(self, key: str) -> None:
        """Member `key` is done and kept."""
        self._done.add(key)
        self._speak()

    @property
    def share(self) -> float:
        """The part of the whole work that is done, 0 to 1."""
        parts = [1.0 if key in self._done else self._share_of(key) for key in self.keys]
        return sum(parts) / max(len(parts), 1)

    def line(self) -> str:
        """The line that is said."""
        running = [
            f"{key} {done}/{of}"
            for key, (done, of) in sorted(self._steps.items())
            if key not in self._done and done < of
        ]
        parts = [f"{self.title}: {len(self._done)} of {len(self.keys)} {self.noun} done"]
        if running:
            parts.append("in work: " + ", ".join(running))
        left = self._seconds_left()
        if left is not None and len(self._done) < len(self.keys):
            parts.append(f"about {duration(left)} left")
        return " · ".join(parts)

    def _estimate(self) -> None:
        """Say once how long all of it will take, as soon as each member in work has some timed
        steps.
        """
        running = [key for key in self._steps if key not in self._done]
        timed = [seconds for key in running if (seconds := self._seconds_per_step(key)) is not None]
        if not running or len(timed) < len(running):
            return
        self._estimated = True
        rounds = math.ceil(len(self.keys) / len(running))
        steps = max(self._steps[key][1] for key in running)
        seconds = sum(timed) / len(timed) * steps * rounds
        if seconds > LONG_SECONDS:
            self.say(
                f"{self.title}: {len(self.keys)} {self.noun} of {steps} {self.unit}, {len(running)} at a time, will take about "
                f"{duration(seconds)}, from the time of the first {self.unit}; for less: {self.shorten}"
            )

    def _seconds_per_step(self, key: str) -> float | None:
        first, since = self._firsts.get(key, (0, 0.0))
        steps = self._steps[key][0] - first
        return (self.clock() - since) / steps if first and steps >= TIMED_STEPS else None

    def _speak(self) -> None:
        self._said = self.clock()
        self.say(self.line())

    def _share_of(self, key: str) -> float:
        done, of = self._steps.get(key, (0, 1))
        return done / max(of, 1)

    def _seconds_left(self) -> float | None:
        share = self.share
        return (
            None if share < EARLIEST_SHARE else (self.clock() - self._started) * (1 - share) / share
        )


def duration(seconds: float) -> str:
    """`75` as `1 min 15 s`, `7300` as `2 h 2 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
