"""Pure functions that tests hand to `Compute`: worker processes must be able to import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from dge_assets.core.errors import EvaluationError
from dge_assets.core.progress import Progress


def double(number: int, progress: Progress) -> int:
    progress(1, 1)
    return 2 * number


def sleep_then_double(seconds: float, progress: Progress) -> float:
    progress(1, 2)
    time.sleep(seconds)
    return 2 * seconds


def fail_on_negative(number: int, progress: Progress) -> int:
    if number < 0:
        raise EvaluationError(f"found {number}, it must be 0 or more")
    return number


def three_steps(number: int, progress: Progress) -> int:
    for step in range(1, 4):
        progress(step, 3)
        time.sleep(0.3)
    return number


def die_on_negative(number: int, progress: Progress) -> int:
    progress(1, 2)
    if number < 0:
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def write_pid_and_sleep(path: str, progress: Progress) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(120)


def torch_threads(_: None, progress: Progress) -> tuple[int, dict[str, int]]:
    import numpy as np
    import threadpoolctl
    import torch

    np.linalg.svd(np.eye(3))
    pools = {pool["prefix"]: pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
    return torch.get_num_threads(), pools


def my_pid(_: int, progress: Progress) -> int:
    progress(1, 1)
    return os.getpid()
