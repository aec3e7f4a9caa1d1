"""Progress: one line at a time that is true and not too often."""

from __future__ import annotations

import pytest

from dge_resources.progress import EARLIEST_SHARE, ProgressBoard, duration


class Clock:
    """A clock that tests turn."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def board(*keys: str) -> tuple[ProgressBoard, Clock, list[str]]:
    clock, said = Clock(), list[str]()
    return (
        ProgressBoard("crash/ctgan: training", keys, said.append, every_seconds=5, clock=clock),
        clock,
        said,
    )


def test_lines_are_said_at_most_every_few_seconds_and_whenever_a_member_is_done() -> None:
    progress, clock, said = board("000", "001")
    for second in range(13):
        clock.now = 100.0 + second
        progress.step("000", second, 20)
    assert len(said) == 2, "after 5 and after 10 seconds"
    progress.finish("000")
    progress.finish("001")
    assert len(said) == 4
    assert said[-1] == "crash/ctgan: training: 2 of 2 members done"


def test_a_line_says_who_is_where_and_how_long_it_takes() -> None:
    progress, clock, said = board("000", "001", "002")
    progress.step("001", 30, 100)
    progress.step("002", 100, 100)
    clock.now = 160.0
    progress.finish("000")
    assert progress.share == pytest.approx((1 + 0.3 + 1) / 3)
    assert said == [
        "crash/ctgan: training: 1 of 3 members done · in work: 001 30/100 · about 18 s left"
    ]


def test_no_time_left_is_told_before_there_is_anything_to_judge_by() -> None:
    progress, clock, said = board("000")
    clock.now = 200.0
    progress.step("000", 0, 1)
    progress.step("000", int(1000 * EARLIEST_SHARE) - 1, 1000)
    assert "left" not in progress.line()
    progress.step("000", int(1000 * EARLIEST_SHARE), 1000)
    assert "left" in progress.line()
    assert said == ["crash/ctgan: training: 0 of 1 members done · in work: 000 0/1"]


def long_board(seconds_per_epoch: float) -> list[str]:
    """Two of five members, in work at a time, of 300 epochs; the first epoch takes a minute more."""
    progress, clock, said = board("000", "001", "002", "003", "004")
    progress.every_seconds, progress.shorten = 1e9, "fewer `seeds`"
    progress.unit = "epochs"
    for key in ("000", "001"):
        progress.step(key, 0, 1)
    clock.now += 60.0
    for epoch in range(1, 20):
        clock.now += seconds_per_epoch
        for key in ("000", "001"):
            progress.step(key, epoch, 300)
    return said


def test_long_work_is_told_once_from_its_first_steps_with_how_to_shorten_it() -> None:
    assert long_board(1.0) == [
        "crash/ctgan: training: 5 members of 300 epochs, 2 at a time, will take about 15 min 0 s, from the time of the "
        "first epochs; for less: fewer `seeds`"
    ], "three rounds of 300 s, without the minute that the start took"
    assert long_board(0.1) == [], "a minute and a half is not long"


def test_no_members_and_no_steps_are_no_division_by_zero() -> None:
    progress, _, _ = board()
    assert progress.share == 0.0
    progress.step("x", 0, 0)
    assert progress.line() == "crash/ctgan: training: 0 of 0 members done"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (75, "1 min 15 s"),
        (3599.7, "1 h 0 min"),
        (7300, "2 h 1 min"),
    ],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
