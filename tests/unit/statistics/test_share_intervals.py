"""Intervals of shares: within 0..1 by every rule, golden values, and coverage of a rare level where
theory gives it.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from dge_assets.core.errors import EvaluationError
from dge_assets.core.statistics.combining_rules import RULES, CombinedEstimate, combine_estimates
from dge_assets.core.statistics.share_intervals import combine_shares


def of(rule: str, shares: list[float], *, rows: int = 100, n_real: int = 100) -> CombinedEstimate:
    variances = [share * (1 - share) / rows for share in shares]
    return combine_shares(shares, variances, rule=rule, n_real=n_real, n_synthetic=rows)


@given(
    counts=st.lists(st.integers(0, 50), min_size=2, max_size=8),
    n_real=st.integers(1, 500),
    rule=st.sampled_from(sorted(RULES)),
)
@settings(max_examples=200)
def test_every_interval_lies_in_0_to_1_and_holds_its_estimate(
    counts: list[int], n_real: int, rule: str
) -> None:
    found = of(rule, [count / 50 for count in counts], rows=50, n_real=n_real)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_the_plain_interval_of_a_rare_level_would_leave_0_to_1() -> None:
    """What this module is for: the same rule and T, without it, say that a share may be below 0."""
    shares, variances = [0.01, 0.03, 0.0], [0.0001, 0.0003, 0.0]
    plain = combine_estimates(shares, variances, rule="rubin_1987", n_real=100, n_synthetic=100)
    kept = combine_shares(shares, variances, rule="rubin_1987", n_real=100, n_synthetic=100)
    assert plain.low < 0 <= kept.low
    assert (kept.estimate, kept.variance, kept.degrees) == (
        plain.estimate,
        plain.variance,
        plain.degrees,
    )


def test_one_dataset_has_wilson_s_interval() -> None:
    """Golden: Wilson's interval for 3 of 20 with z = 1.96 is 0.0524 to 0.3604; raab_2016 reads T =
    2 u as 10 rows.
    """
    found = of("raab_2016", [0.15], rows=20, n_real=20)
    n, z = 10, 1.959964
    middle, reach = 0.15 + z**2 / 2 / n, z * np.sqrt(0.15 * 0.85 / n + z**2 / 4 / n**2)
    assert found.low == pytest.approx((middle - reach) / (1 + z**2 / n), abs=1e-6)
    assert found.high == pytest.approx((middle + reach) / (1 + z**2 / n), abs=1e-6)
    wide = of("raab_2016", [0.15], rows=20, n_real=10**9)
    assert (wide.low, wide.high) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.3604, abs=1e-4),
    )


def test_many_rows_and_a_middling_share_give_the_plain_interval() -> None:
    """All forms agree where the normal approximation is good."""
    shares = [0.4, 0.41, 0.395, 0.403]
    variances = [share * (1 - share) / 100_000 for share in shares]
    for rule in RULES:
        options = {"rule": rule, "n_real": 100_000, "n_synthetic": 100_000}
        plain, ours = (
            combine_estimates(shares, variances, **options),
            combine_shares(shares, variances, **options),
        )
        width = plain.high - plain.low
        assert ours.low == pytest.approx(plain.low, abs=0.02 * width)
        assert ours.high == pytest.approx(plain.high, abs=0.02 * width)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_level_that_no_dataset_has_may_still_occur(rule: str, share: float) -> None:
    found = of(rule, [share] * 3)
    assert found.estimate == share
    ends = (found.low, found.high) if share == 0 else (1 - found.high, 1 - found.low)
    assert ends[0] == 0
    assert 0.005 < ends[1] < 0.2, "near 4 / 100, fewer where rows are put together"
    assert found.variance == 0


@pytest.mark.parametrize("rule", RULES)
def test_datasets_that_all_or_none_have_a_level_leave_an_interval_with_a_width(rule: str) -> None:
    found = of(rule, [0.0, 1.0])
    assert found.reason == ""
    assert found.estimate == (0.0 if rule == "naive_single" else 0.5)
    assert found.high - found.low > 0.03


def test_the_mixture_of_posteriors_is_one_of_beta_distributions() -> None:
    """Golden: of equal datasets the mixture is Jeffreys' interval."""
    found = of("raisa_2023", [0.1, 0.1])
    assert (found.low, found.high) == pytest.approx(beta(10.5, 90.5).ppf([0.025, 0.975]), abs=1e-9)


def test_what_a_rule_cannot_do_it_still_says() -> None:
    assert of("rubin_1987", [0.2]).reason == "K = 1: rubin_1987 needs at least 2 datasets"
    missing = combine_shares(
        [0.2, np.nan], [0.01, np.nan], rule="raab_2016", n_real=9, n_synthetic=9
    )
    assert missing.reason == "no finite estimate and variance in dataset 1"
    with pytest.raises(EvaluationError, match="between 0 and 1, found"):
        combine_shares([1.2], [0.1], rule="raab_2016", n_real=9, n_synthetic=9)


def test_a_rare_level_is_covered_where_the_plain_interval_fails() -> None:
    """Known truth: a share of 1 in 100, 100 real rows, plug-in datasets of as many rows, K = 5,
    raab_2016.

    Often no real row has the level, then no synthetic row has: the plain interval is the point 0,
    and misses.
    """
    rng, K, n, p = np.random.default_rng(0), 5, 100, 0.01
    holds = []
    for _ in range(400):
        shares = rng.binomial(n, rng.binomial(n, p) / n, K) / n
        variances = shares * (1 - shares) / n
        options = {"rule": "raab_2016", "n_real": n, "n_synthetic": n}
        intervals = (
            combine_estimates(shares, variances, **options),
            combine_shares(shares, variances, **options),
        )
        holds.append([interval.low <= p <= interval.high for interval in intervals])
    plain, ours = np.mean(holds, axis=0)
    assert plain < 0.75
    assert ours > 0.9
