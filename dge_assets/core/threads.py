"""One thread: sums then run in one order, so that the same work gives the same bytes in any process."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Numeric libraries (BLAS, OpenMP, torch) work with one thread inside, and as before after it."""
    torch = sys.modules.get("torch")  # where the work has not imported it, nothing is worth seconds of import
    before = torch.get_num_threads() if torch is not None else 0
    with threadpool_limits(limits=1):
        if torch is not None:
            torch.set_num_threads(1)  # it keeps a count of its own
        try:
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)
