"""Dealing rows to generators, and the leak that shared rows open: seen where theory says it must
be.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.dealt_rows import BIAS_COLUMNS, DEALINGS, Dealing, claimed_bias, deal_rows
from benchmarks.shared_data import GENERATORS, kernel, member, mixture, moons
from benchmarks.shared_data_page import METRICS, page
from dge_assets.core.errors import EvaluationError


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(rows=st.integers(1, 60), data=st.data())
def test_rows_are_dealt_as_named(rows: int, data: st.DataObject) -> None:
    K = data.draw(st.integers(1, rows))
    dealt = {dealing: deal_rows(rows, K, dealing, stream()) for dealing in DEALINGS}
    for dealing, parts in dealt.items():
        assert len(parts) == K
        wanted = rows if dealing in ("same", "bootstrap") else rows // K
        assert all(len(part) == wanted for part in parts)
        assert all(part.min() >= 0 and part.max() < rows for part in parts)
    assert all(sorted(part) == list(range(rows)) for part in dealt["same"])
    together = np.concatenate(dealt["disjoint"])
    assert len(set(together)) == len(together) == rows // K * K
    assert all(np.array_equal(part, dealt["disjoint"][0]) for part in dealt["same part"])


def test_bootstraps_differ_and_leave_rows_out() -> None:
    """Known truth: a bootstrap of n rows sees about 1 - 1/e of them."""
    parts = deal_rows(2000, 3, "bootstrap", stream())
    assert not np.array_equal(parts[0], parts[1])
    for part in parts:
        assert len(np.unique(part)) / 2000 == pytest.approx(1 - 1 / np.e, abs=0.03)


@pytest.mark.parametrize(
    ("rows", "K", "dealing", "message"),
    [
        (3, 4, "same", "between 1 and the 3 rows"),
        (3, 0, "same", "found 0"),
        (3, 2, "shared", "no dealing 'shared'"),
    ],
)
def test_what_cannot_be_dealt_is_told(rows: int, K: int, dealing: Dealing, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        deal_rows(rows, K, dealing, stream())


def bias_of(dealing: Dealing, repeats: int = 4) -> pd.Series:
    """Bias of the claimed accuracy of a flexible model, where generators repeat their rows almost
    exactly.
    """
    tables = []
    for seed in range(repeats):
        draws = stream(seed)
        real, unseen = moons(100, draws), moons(600, draws)
        options = {"K": 2, "rows": 200, "test_share": 0.25, "stream": draws, "seed": seed}
        generate = partial(kernel, width=0.01)
        tables.append(
            claimed_bias(real, unseen, generate, "target", ["gbdt"], dealing=dealing, **options)
        )  # type: ignore[arg-type]
    found = pd.concat(tables)
    assert list(found.columns) == BIAS_COLUMNS
    assert (found["bias"] - (found["claimed"] - found["truth"])).abs().max() == 0
    return found[found["metric"] == "accuracy"].groupby("approach")["bias"].mean()


def test_generators_that_repeat_their_rows_leak_where_they_share_them() -> None:
    """Known truth: with disjoint parts the other datasets are as new to a model as the population
    is.

    The claim is not too good there then. It may be too bad, since the others' rows are not quite
    the population's.
    """
    shared, apart = bias_of("same part"), bias_of("disjoint")
    assert shared["dge_2"] > 0.07
    assert apart["dge_2"] < 0.03
    assert apart["naive"] > 0.05, (
        "its own test part repeats the rows that it learnt from, however they are dealt"
    )


def test_one_generator_cannot_be_evaluated_on_others() -> None:
    real = moons(30, stream())
    with pytest.raises(EvaluationError, match="K must be at least 2"):
        claimed_bias(
            *(real, real, partial(kernel, width=0.1), "target", ["lr"]),
            K=1,
            dealing="same",
            rows=30,
            test_share=0.2,
            stream=stream(),
            seed=0,
        )


@pytest.mark.parametrize("name", [name for name in GENERATORS if "epochs" not in name])
def test_generators_of_the_benchmark_keep_the_population_roughly(name: str) -> None:
    real = moons(400, stream())
    made = GENERATORS[name](real, 400, stream(1))
    assert list(made.columns) == list(real.columns)
    assert len(made) == 400
    share = (made["target"] == "upper").mean()
    assert share == pytest.approx((real["target"] == "upper").mean(), abs=0.1)
    means = (
        made.groupby("target")[["x1", "x2"]].mean() - real.groupby("target")[["x1", "x2"]].mean()
    )
    assert means.abs().to_numpy().max() < 0.2


@pytest.mark.parametrize("family", ["tvae", "ctgan"])
def test_a_member_of_a_real_family_can_be_put_in_its_place(family: str) -> None:
    real = moons(100, stream())
    made = member(real, 40, stream(1), family=family, epochs=1)
    assert list(made.columns) == list(real.columns)
    assert len(made) == 40
    assert set(made["target"]) <= {"lower", "upper"}


def test_a_mixture_of_few_rows_is_made_of_as_many_components() -> None:
    real = pd.DataFrame(
        {"x1": [0.0, 1, 2, 3], "x2": [0.0, 1, 0, 1], "target": ["lower", "upper", "lower", "upper"]}
    )
    assert len(mixture(real, 20, stream(), components=8)) == 20


def test_the_page_has_biases_with_their_errors_and_compares_dealings_draw_by_draw() -> None:
    rows = [
        (repeat, dealing, model, metric, approach, 0.9, 0.9 - bias, bias)
        for repeat in range(4)
        for dealing in DEALINGS
        for model in ("lr", "knn")
        for metric in METRICS
        for approach in ("naive", "dge_2")
        for bias in [
            0.001 * repeat + (0.1 + 0.0004 * (repeat % 2) if dealing.startswith("same") else 0.0)
        ]
    ]
    columns = ["repeat", "dealing", "model", "metric", "approach", "claimed", "truth", "bias"]
    found = pd.DataFrame(rows, columns=columns).to_dict(orient="list")
    kept = {
        "any": {
            "rows": 9,
            "members": 2,
            "repeats": 4,
            "processes": 1,
            "seconds": 1.0,
            "found": found,
        }
    }
    text = page(kept, about="What was done.")
    assert "4 draws of the real rows; 1 s in 1 processes" in text
    assert "**+0.1017 ± 0.0007**" in text
    assert "| +0.0015 ± 0.0006 |" in text
    # Each dealing varies by 0.0006 between draws, their difference by a sixth of that.
    assert "`same` claims +0.1002 ± 0.0001 against `bootstrap` (beyond chance)" in text
