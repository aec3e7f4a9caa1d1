"""The decomposition of uncertainty: what theory says of equal members, of their order, of names of
classes.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from dge_assets.core.errors import EvaluationError
from dge_assets.core.uncertainty.decomposition import entropy_parts, uncertainty_of, variance_parts

SEEDS = st.integers(0, 2**32 - 1)
QUANTITIES = ("total", "aleatoric", "generator")


def members(seed: int, K: int, classes: int = 3, rows: int = 40) -> list[np.ndarray]:
    """Random probabilities, some of them exactly 0 or 1."""
    rng = np.random.default_rng(seed)
    tables = [rng.dirichlet(np.full(classes, 0.5), rows) for _ in range(K)]
    for table in tables:
        table[rng.random(rows) < 0.1] = np.eye(classes)[0]
    return tables


@settings(max_examples=30)
@given(seed=SEEDS, K=st.integers(1, 7), classes=st.integers(2, 5))
def test_the_parts_are_the_entropies_that_they_are_named_for(
    seed: int, K: int, classes: int
) -> None:
    """Against scipy's entropy of whole arrays, and the mutual information as a mean divergence from
    the mixture.
    """
    given_members = members(seed, K, classes)
    parts = entropy_parts(given_members)
    stacked = np.stack(given_members)
    mixture = stacked.mean(axis=0)
    np.testing.assert_allclose(parts.total, entropy(mixture, axis=1), atol=1e-12)
    np.testing.assert_allclose(parts.aleatoric, entropy(stacked, axis=2).mean(axis=0), atol=1e-12)
    divergence = entropy(stacked, np.broadcast_to(mixture, stacked.shape), axis=2).mean(axis=0)
    np.testing.assert_allclose(parts.generator, divergence, atol=1e-12)
    np.testing.assert_array_equal(parts.total, parts.aleatoric + parts.generator)
    assert np.all(parts.generator >= 0)
    assert np.all(parts.generator <= np.log(K) + 1e-12)
    assert np.all(parts.total <= np.log(classes) + 1e-12)


@settings(max_examples=30)
@given(seed=SEEDS, K=st.integers(1, 9))
def test_identical_members_have_no_generator_uncertainty_at_all(seed: int, K: int) -> None:
    assert not entropy_parts(members(seed, 1) * K).generator.any(), "exactly zero, not nearly"
    values = np.random.default_rng(seed).normal(size=50)
    assert not variance_parts([values] * K).generator.any()


@settings(max_examples=30)
@given(seed=SEEDS, K=st.integers(2, 7))
def test_the_order_of_members_does_not_count_and_classes_only_change_places(
    seed: int, K: int
) -> None:
    rng = np.random.default_rng(seed)
    given_members = members(seed, K)
    plain = entropy_parts(given_members)
    order, names = rng.permutation(K), rng.permutation(3)
    turned = entropy_parts([given_members[k] for k in order])
    renamed = entropy_parts([member[:, names] for member in given_members])
    for quantity in QUANTITIES:
        for other in (turned, renamed):
            np.testing.assert_allclose(
                getattr(other, quantity), getattr(plain, quantity), atol=1e-12
            )


@settings(max_examples=30)
@given(seed=SEEDS, K=st.integers(1, 7))
def test_a_regressions_parts_are_the_law_of_total_variance(seed: int, K: int) -> None:
    """Known truth: the mean and variance of a mixture of K normals, drawn from the definition of a
    variance.
    """
    rng = np.random.default_rng(seed)
    means, noise = rng.normal(size=(K, 20)), rng.random(K)
    parts = variance_parts(list(means), noise_variances=noise)
    second_moment = (means**2 + noise[:, None]).mean(axis=0)
    np.testing.assert_allclose(parts.total, second_moment - means.mean(axis=0) ** 2, atol=1e-12)
    np.testing.assert_allclose(parts.aleatoric, noise.mean())
    np.testing.assert_allclose(parts.generator, means.var(axis=0), atol=1e-12)


def test_the_noise_of_point_predictions_is_not_known_rather_than_zero() -> None:
    parts = uncertainty_of([np.array([1.0, 2.0]), np.array([3.0, 2.0])], task="regression")
    assert parts.generator.tolist() == [1.0, 0.0]
    assert np.isnan(parts.aleatoric).all()
    assert np.isnan(parts.total).all()


def test_members_that_are_sure_and_disagree_are_all_generator_uncertainty() -> None:
    """Known truth: K members, each certain of a class of its own, carry log K nats of mutual
    information.
    """
    parts = entropy_parts([np.eye(4)[[k]] for k in range(4)])
    assert parts.generator[0] == pytest.approx(np.log(4))
    assert parts.aleatoric[0] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((1, 7, 0, np.nan), r"dge_3, member 1: predictions are not finite in 1 of 40 rows \(7\)"),
        (
            (2, slice(3, 12), 1, np.inf),
            r"member 2: predictions are not finite in 9 of 40 rows \(3, 4, 5, 6, 7, \.\.\.\)",
        ),
        ((0, 2, 0, 1.5), r"member 0: probabilities are outside 0 to 1 in 1 of 40 rows \(2\)"),
        (
            (0, 2, slice(None), 0.5),
            r"member 0: probabilities do not sum to 1 in 1 of 40 rows \(2\)",
        ),
    ],
)
def test_what_is_no_probability_is_refused_with_member_and_rows(
    change: tuple[int, object, object, float], message: str
) -> None:
    given_members = members(0, 3)
    k, rows, columns, value = change
    given_members[k][rows, columns] = value  # type: ignore[index]
    with pytest.raises(EvaluationError, match=message):
        uncertainty_of(given_members, task="multiclass", name="dge_3")


def test_values_of_a_regression_that_are_not_finite_are_refused_with_member_and_rows() -> None:
    with pytest.raises(
        EvaluationError, match=r"oracle, member 1: predictions are not finite in 1 of 2 rows \(0\)"
    ):
        variance_parts([np.zeros(2), np.array([np.nan, 1.0])], name="oracle")


def test_members_and_noise_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no members"):
        entropy_parts([])
    with pytest.raises(EvaluationError, match=r"member 1: .* found \(3, 2\), and \(2, 2\)"):
        entropy_parts([np.full((2, 2), 0.5), np.full((3, 2), 0.5)])
    with pytest.raises(EvaluationError, match=r"must have shape \(rows,\)"):
        variance_parts([np.zeros((2, 2))])
    with pytest.raises(EvaluationError, match="2 noise variances for 1 members"):
        variance_parts([np.zeros(2)], noise_variances=[1.0, 1.0])
    with pytest.raises(EvaluationError, match="at least 0, found -1"):
        variance_parts([np.zeros(2)], noise_variances=[-1.0])
