"""How a process computes: with one thread, so that sums run in one order and the same work gives
the same bytes anywhere.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Numeric libraries (BLAS, OpenMP, torch) work with one thread inside, and as before after it."""
    torch = sys.modules.get(
        "torch"
    )  # where the work has not imported it, nothing is worth seconds of import
    before = torch.get_num_threads() if torch is not None else 0
    with threadpool_limits(limits=1):
        if torch is not None:
            torch.set_num_threads(1)  # it keeps a count of its own
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


@contextlib.contextmanager
def tiny_numbers_as_zero() -> Iterator[None]:
    """Floats below the smallest normal one (1.2e-38 in single precision) count as 0 inside, where
    the CPU can do so.

    Weights that a training no longer uses fade into such numbers, and a CPU takes many times as
    long for each sum with one: a TVAE's later epochs took six times as long as its first. On kinds
    of CPU without the switch nothing changes.
    """
    import torch

    smallest = torch.finfo(torch.float32).tiny
    before = not bool(torch.tensor(smallest) * 0.5)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
