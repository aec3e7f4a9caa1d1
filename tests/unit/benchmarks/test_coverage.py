"""The coverage benchmark, small: its formulas are the core's, and the rules cover where theory says
they do.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.coverage import (
    REAL,
    SCENARIOS,
    Scenario,
    estimates,
    from_fit,
    from_posterior,
    page,
    simulate,
    truths,
)
from dge_assets.core.statistics.combining_rules import RULES
from dge_assets.core.statistics.estimates import (
    Feature,
    estimate_linear,
    estimate_mean,
    estimate_proportion,
    estimate_quantile,
)


def coverage(scenario: Scenario, repeats: int = 120) -> pd.DataFrame:
    table = simulate(scenario, repeats=repeats, n_real=100)
    return table[table["statistic"] == "mean of x1"].set_index("rule")


def test_the_formulas_are_those_of_the_core() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 3)) @ np.array(
        [[1, 0.5, 0.3], [0, 1, 0.4], [0, 0, 1]]
    )
    frame = pd.DataFrame(rows, columns=["x1", "x2", "x3"])
    expected = [
        estimate_mean(frame["x1"])[0],
        estimate_proportion(frame["x1"] > 0.5, level=True)[0],
        estimate_quantile(frame["x2"], 0.9)[0],
        estimate_linear(frame, "x3", [Feature(name="x1")])[1],
    ]
    q, u = estimates(rows)
    assert q == pytest.approx([item.value for item in expected])
    assert u == pytest.approx([item.variance for item in expected])
    assert len(truths(is_skewed=True)) == len(q)


def test_with_a_posterior_draw_one_dataset_misleads_and_the_rule_made_for_it_does_not() -> None:
    """Known truth: of one dataset, sampling, posterior draw and synthesis each add a variance V /
    n, and u shows one.

    So naive_single covers 2 Phi(1.96 / sqrt 3) - 1 = 74 %, and naive_concat, with u / K against V
    (1 + 2 / K), far less.
    """
    found = coverage(Scenario(name="posterior", generate=from_posterior, K=10))["coverage"]
    assert found["naive_single"] == pytest.approx(0.742, abs=0.11)
    assert found["naive_concat"] < 0.55
    assert found["raghunathan_2003"] > 0.88
    assert found["rubin_1987"] > 0.95
    assert found[REAL] > 0.88


def test_without_a_posterior_draw_the_spread_alone_says_too_little() -> None:
    """Known truth: plug-in fits have V / n in common, which only u shows; raab_2016 adds it with
    its right weight.

    naive_single covers 2 Phi(1.96 / sqrt 2) - 1 = 83 %.
    """
    found = coverage(Scenario(name="plug-in", generate=from_fit, K=10))
    assert found["coverage"]["naive_single"] == pytest.approx(0.834, abs=0.1)
    assert found["coverage"]["raab_2016"] > 0.88
    assert found["width"]["raab_2016"] == pytest.approx(np.sqrt(1.1), rel=0.03)
    assert found["width"]["rubin_1987"] > found["width"]["raab_2016"]


def test_the_page_has_each_case_with_its_errors() -> None:
    table = simulate(SCENARIOS[0], repeats=5, n_real=30)
    text = page({"one case": table}, command="the command", n_real=30, repeats=5, seconds=1.0)
    assert "the command" in text
    assert "## One case" in text
    assert all(f"`{rule}`" in text for rule in RULES)
    row = table[(table["statistic"] == "mean of x1") & (table["rule"] == REAL)].iloc[0]
    assert f"{100 * row['coverage']:.1f} ± {100 * row['error']:.1f}" in text
    assert row["width"] == 1.0
