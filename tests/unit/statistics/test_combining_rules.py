"""Combining rules: golden formulas, known truth by simulation, and every case that has no answer
says why.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from dge_assets.core.errors import EvaluationError
from dge_assets.core.statistics.combining_rules import (
    RULES,
    CombinedEstimate,
    combine_estimates,
    mixture_quantile,
)

NEED_TWO = sorted(name for name, card in RULES.items() if card.fewest == 2)


def of(rule: str, q: list[float], u: list[float], **other: int) -> CombinedEstimate:
    return combine_estimates(q, u, rule=rule, **{"n_real": 100, "n_synthetic": 100, **other})


def test_the_formulas_of_the_papers() -> None:
    """Golden values by hand: q = 1, 2, 3, 6 has mean 3 and variance 14/3; u = 1, so (1 + 1/K) b =
    35/6.
    """
    q, u = [1.0, 2.0, 3.0, 6.0], [1.0, 1.0, 1.0, 1.0]
    b = 14 / 3
    rubin, full, part = (
        of("rubin_1987", q, u),
        of("raghunathan_2003", q, u),
        of("reiter_2003", q, u),
    )
    assert rubin.variance == pytest.approx(1 + 1.25 * b)
    assert rubin.degrees == pytest.approx(3 * (1 + 1 / (1.25 * b)) ** 2)
    assert full.variance == pytest.approx(1.25 * b - 1)
    assert full.degrees == pytest.approx(3 * (1 - 1 / (1.25 * b)) ** 2)
    assert part.variance == pytest.approx(1 + b / 4)
    assert part.degrees == pytest.approx(3 * (1 + 4 / b) ** 2)
    assert of("raab_2016", q, u, n_synthetic=200).variance == pytest.approx(2 + 0.25)
    assert of("naive_concat", q, u).variance == 0.25
    assert of("naive_single", q, u).estimate == 1.0
    assert of("raisa_2023", q, u).variance == pytest.approx(1 + 0.75 * b)
    reach = t.ppf(0.975, rubin.degrees) * np.sqrt(rubin.variance)
    assert (rubin.low, rubin.high) == (pytest.approx(3 - reach), pytest.approx(3 + reach))


def test_a_variance_below_zero_is_replaced_and_told() -> None:
    found = of("raghunathan_2003", [1.0, 1.1, 0.9], [1.0, 1.0, 1.0], n_real=50, n_synthetic=100)
    assert found.variance == 2.0
    assert found.degrees == 2
    assert "(n_synthetic / n_real) ū is used in its place" in found.flag
    assert of("raghunathan_2003", [0.0, 5.0, 9.0], [1.0, 1.0, 1.0]).flag == ""


def test_a_variance_barely_above_zero_keeps_a_finite_interval() -> None:
    within = 4 / 3 * np.var([1.0, 2.0, 3.0], ddof=1) * 0.999
    found = of("raghunathan_2003", [1.0, 2.0, 3.0], [within] * 3)
    assert found.degrees == 1
    assert "degree of freedom" in found.flag
    assert found.high - found.low < 100


@pytest.mark.parametrize("rule", NEED_TWO)
def test_one_dataset_is_not_enough_for_rules_that_need_the_spread(rule: str) -> None:
    found = of(rule, [2.0], [1.0])
    assert found.estimate == 2.0
    assert np.isnan([found.low, found.high, found.variance, found.degrees]).all()
    assert found.reason == f"K = 1: {rule} needs at least 2 datasets"


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"naive_single"}))
def test_an_undefined_estimate_of_one_dataset_makes_the_interval_undefined(rule: str) -> None:
    found = of(rule, [1.0, np.nan, 2.0], [1.0, np.nan, 1.0])
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.reason == "no finite estimate and variance in dataset 1"


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"naive_single"}))
def test_identical_datasets_are_told(rule: str) -> None:
    found = of(rule, [2.0, 2.0, 2.0], [1.0, 1.0, 1.0])
    assert found.low < 2.0 < found.high
    assert "K datasets tell no more than one" in found.flag


@pytest.mark.parametrize("rule", RULES)
def test_without_any_variance_the_interval_is_a_point(rule: str) -> None:
    found = of(rule, [2.0, 2.0], [0.0, 0.0])
    assert (found.low, found.estimate, found.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("rule", NEED_TWO)
def test_estimates_without_variance_of_their_own_still_spread(rule: str) -> None:
    found = of(rule, [1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert found.low < 2.0 < found.high
    assert np.isfinite([found.low, found.high]).all()


numbers = st.floats(-1e6, 1e6)
pairs = st.lists(st.tuples(numbers, st.floats(1e-6, 1e6)), min_size=2, max_size=12)


@given(pairs=pairs, shift=numbers, scale=st.floats(0.01, 100))
def test_intervals_move_and_stretch_with_the_unit(
    pairs: list[tuple[float, float]], shift: float, scale: float
) -> None:
    """Invariant: another unit (scale) and another zero (shift) change the interval as they change
    the estimates.
    """
    q, u = np.array(pairs).T
    for rule in RULES:
        one = combine_estimates(q, u, rule=rule, n_real=100, n_synthetic=150)
        other = combine_estimates(
            shift + scale * q, scale**2 * u, rule=rule, n_real=100, n_synthetic=150
        )
        size = 1e-6 * (
            abs(shift) + scale * (np.abs(q).max() + np.sqrt(u.max()) * 50 + one.high - one.low) + 1
        )
        if (
            one.flag == other.flag
        ):  # rounding may decide otherwise where T is zero to the last digit
            assert other.low == pytest.approx(shift + scale * one.low, abs=size)
            assert other.high == pytest.approx(shift + scale * one.high, abs=size)


@given(pairs=pairs)
def test_more_confidence_is_a_wider_interval(pairs: list[tuple[float, float]]) -> None:
    q, u = np.array(pairs).T
    for rule in RULES:
        narrow, wide = (
            combine_estimates(q, u, rule=rule, n_real=9, n_synthetic=9, confidence=c)
            for c in (0.5, 0.9)
        )
        assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_the_mixture_of_one_normal_is_that_normal_and_of_points_their_quantile() -> None:
    assert mixture_quantile(np.array([3.0, 3.0]), np.array([4.0, 4.0]), 0.9) == pytest.approx(
        norm.ppf(0.9, 3, 2)
    )
    steps = mixture_quantile(np.array([1.0, 2.0, 3.0, 4.0]), np.zeros(4), 0.6)
    assert steps == pytest.approx(3.0, abs=1e-9)
    draws = np.random.default_rng(0).normal([0.0, 5.0], [1.0, 3.0], (200_000, 2))
    found = mixture_quantile(np.array([0.0, 5.0]), np.array([1.0, 9.0]), 0.95)
    assert found == pytest.approx(np.quantile(draws, 0.95), abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "rubin"}, "no combining rule 'rubin'; allowed are"),
        ({"u": [1.0]}, "of one length"),
        ({"u": [1.0, -1.0]}, "below zero"),
        ({"n_real": 0}, "rows must be counted from 1"),
        ({"confidence": 95.0}, "share between 0 and 1"),
    ],
)
def test_bad_input_is_told(change: dict[str, object], message: str) -> None:
    stated = {
        "q": [1.0, 2.0],
        "u": [1.0, 1.0],
        "rule": "rubin_1987",
        "n_real": 10,
        "n_synthetic": 10,
    }
    with pytest.raises(EvaluationError, match=message):
        combine_estimates(**{**stated, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("probability", [0.025, 0.3, 0.975])
def test_components_that_differ_by_rounding_have_a_quantile(probability: float) -> None:
    """The ends of the search are then neighbouring floats, at which the mixture's share is as good
    as the probability.
    """
    for start in np.random.default_rng(0).normal(0, 50, 500):
        q = np.array([start, np.nextafter(start, np.inf), start])
        u = np.array([2.0, 2.0, np.nextafter(2.0, 3.0)])
        found = mixture_quantile(q, u, probability)
        assert found == pytest.approx(norm.ppf(probability, start, 2**0.5), rel=1e-9)


@pytest.mark.parametrize("q", [[0.1, 0.1, 0.1], [0.0] * 49 + [1000.0]])
def test_the_mixture_holds_its_own_estimate(q: list[float]) -> None:
    found = combine_estimates(
        q, np.sign(np.ptp(q)) * np.ones(len(q)), rule="raisa_2023", n_real=100, n_synthetic=100
    )
    assert found.low <= found.estimate <= found.high
