"""Pure functions that tests hand to `Compute`: worker processes must be able to import them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from dge_assets.core.errors import EvaluationError

Report = Callable[[int, int], None]


def double(number: int, report: Report) -> int:
    report(1, 1)
    return 2 * number


def sleep_then_double(seconds: float, report: Report) -> float:
    report(1, 2)
    time.sleep(seconds)
    return 2 * seconds


def fail_on_negative(number: int, report: Report) -> int:
    if number < 0:
        raise EvaluationError(f"found {number}, it must be 0 or more")
    return number


def three_steps(number: int, report: Report) -> int:
    for step in range(1, 4):
        report(step, 3)
        time.sleep(0.3)
    return number


def die_on_negative(number: int, report: Report) -> int:
    report(1, 2)
    if number < 0:
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def write_pid_and_sleep(path: str, report: Report) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(120)


def torch_threads(_: None, report: Report) -> tuple[int, dict[str, int]]:
    import numpy as np
    import threadpoolctl
    import torch

    np.linalg.svd(np.eye(3))
    pools = {pool["prefix"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
    return torch.get_num_threads(), pools


def my_pid(_: int, report: Report) -> int:
    report(1, 1)
    return os.getpid()
