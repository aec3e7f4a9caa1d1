"""One thread inside, and the former number after it, also when the work fails."""

from __future__ import annotations

import numpy as np
import pytest
import threadpoolctl
import torch

from dge_assets.core.threads import one_thread


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
