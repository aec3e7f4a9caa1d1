"""How a process computes inside, and that it is as before after it, also when the work fails."""

from __future__ import annotations

import numpy as np
import pytest
import threadpoolctl
import torch

from benchmarks.members import training_task
from benchmarks.training_parts import mixed_frame
from dge_assets.core.generators.members import train_members
from dge_assets.core.threads import one_thread, tiny_numbers_as_zero


def test_one_thread_inside_and_the_former_number_after_it() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        np.linalg.svd(np.eye(3))
        with one_thread():
            assert torch.get_num_threads() == 1
            assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info()} == {1}
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), one_thread():
            _ = 1 // 0
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def half_of_the_smallest() -> float:
    return float(torch.tensor(torch.finfo(torch.float32).tiny) * 0.5)


@pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this kind of CPU has no switch for tiny numbers"
)
def test_tiny_numbers_are_zero_inside_and_as_before_after_it() -> None:
    assert half_of_the_smallest() > 0
    with tiny_numbers_as_zero():
        assert half_of_the_smallest() == 0
        with tiny_numbers_as_zero():
            pass
        assert half_of_the_smallest() == 0
    assert half_of_the_smallest() > 0
    with pytest.raises(ZeroDivisionError), tiny_numbers_as_zero():
        _ = 1 // 0
    assert half_of_the_smallest() > 0


@pytest.mark.skipif(
    not torch.set_flush_denormal(False), reason="this kind of CPU has no switch for tiny numbers"
)
@pytest.mark.parametrize("family", ["ctgan", "tvae"])
def test_members_are_trained_with_tiny_numbers_as_zero(family: str) -> None:
    seen: list[float] = []
    task = training_task(
        mixed_frame(100), "target", family=family, seeds=(0,), settings={"epochs": 2}
    )
    train_members(task, lambda _done, _of: seen.append(half_of_the_smallest()))
    assert seen
    assert set(seen) == {0.0}
    assert half_of_the_smallest() > 0
