"""What is scored is computed once, when it is asked for, and is what the parts by themselves give."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dge_assets.core.contract.contract import Task
from dge_assets.core.ensemble.k_curve import k_curve
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import Resamples
from dge_assets.core.scores import scored as module
from dge_assets.core.scores.approach import (
    NAIVE,
    NAIVE_CONCAT,
    NAIVE_ENSEMBLE,
    NAIVE_SINGLE,
    ORACLE,
    SINGLE_MEAN,
    dge,
)
from dge_assets.core.scores.intervals import (
    approach_differences,
    ensemble_intervals,
    training_with_intervals,
)
from dge_assets.core.scores.metrics import metric_names, score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions, combine
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import score_training

ROWS, MEMBERS = 60, 5
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def made(task: Task = "binary", members: int = MEMBERS, ks: tuple[int, ...] = (2, 5)) -> Scored:
    rng = np.random.default_rng(0)

    def drawn() -> np.ndarray:
        if task == "regression":
            return rng.normal(size=ROWS)
        return rng.dirichlet(np.ones(2 if task == "binary" else 3), ROWS)

    y = drawn() if task == "regression" else rng.integers(0, 2 if task == "binary" else 3, ROWS)
    fits = tuple(drawn() for _ in range(members))
    predictions = TrainingPredictions((drawn(), drawn()), (drawn(), drawn()), drawn(), fits)
    resamples = Resamples(ROWS, np.random.SeedSequence(0), 40)
    return Scored(y, predictions, tuple(k for k in ks if k <= members), task, resamples)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often predictions were combined, and each metric computed, on the rows or replicates."""
    counts: Counter[str] = Counter()

    def watch(name: str, what: Callable[..., list[str]]) -> None:
        function = getattr(module, name)

        def counting(*given: Any, **options: Any) -> Any:
            counts.update(what(given))
            return function(*given, **options)

        monkeypatch.setattr(module, name, counting)

    watch("combine", lambda _: ["combined"])
    watch("score_encoded", lambda given: [f"value {name}" for name in given[0]])
    watch("replicate_scores", lambda given: [f"replicates {name}" for name in given[0]])
    return counts


@pytest.mark.parametrize("task", TASKS)
def test_an_approach_is_what_its_parts_by_themselves_give(task: Task) -> None:
    scored, names = made(task), metric_names(task)
    given, drawn = scored.predictions, scored.drawn()
    arrays = {
        ORACLE: given.oracle,
        NAIVE_SINGLE: given.members[:1],
        NAIVE_ENSEMBLE: given.naive_ensemble,
        NAIVE_CONCAT: (given.naive_concat,),
        dge(2): given.members[:2],
        dge(5): given.members,
    }
    assert list(arrays) == list(scored.approaches)
    for approach, fits in arrays.items():
        found, table = scored.of(approach), combine(fits, task=task)
        np.testing.assert_array_equal(found.combined, table)
        assert found.values() == score_encoded(names, scored.y, table, task=task).values
        replicates = replicate_scores(names, scored.y, table, drawn, task=task)
        for name in names:
            np.testing.assert_array_equal(found.replicates()[name], replicates[name])


def test_nothing_is_computed_before_it_is_asked_for(counted: Counter[str]) -> None:
    scored = made()
    found = scored.of(dge(5))
    assert not counted
    found.values(["brier"])
    assert counted == {"combined": 1, "value brier": 1}
    found.replicates(["auc"])
    assert counted == {"combined": 1, "value brier": 1, "replicates auc": 1}


def test_each_thing_is_computed_once_whoever_asks(counted: Counter[str]) -> None:
    """Scores, differences, the K curve and its intervals: an ensemble is combined and replicated
    once for all of them, as are the members by themselves.
    """
    scored = made()
    training_with_intervals(scored)
    once = counted.copy()
    # Oracle, two naive ones and dge_2 and dge_5, and each of five members.
    assert once["replicates brier"] == 5 + MEMBERS
    approach_differences(scored)
    training_with_intervals(scored)
    score_training(scored)
    assert counted == once
    ks = range(1, MEMBERS + 1)
    k_curve(scored, ks)
    ensemble_intervals(scored, ks)
    # New to the curve: the first three and the first four; one member has five others.
    assert counted["replicates brier"] == once["replicates brier"] + 2
    once = counted.copy()
    ensemble_intervals(scored, ks)
    assert counted == once


def test_the_first_member_is_one_prediction_under_all_its_names() -> None:
    scored = made(ks=(1, 5))
    assert scored.of(NAIVE_SINGLE) is scored.of(dge(1)) is scored.singles()[0]
    assert scored.of(dge(5)) is scored.sets_of(5)[0]


def test_combined_arrays_are_kept_of_approaches_alone() -> None:
    """Those of the curve's sets would be as many as the members squared."""
    scored = made(ks=(2, 5))
    assert scored.of(dge(5)).combined is scored.of(dge(5)).combined
    assert scored.sets_of(2)[0].combined is scored.of(dge(2)).combined
    assert scored.sets_of(3)[0].combined is not scored.sets_of(3)[0].combined
    assert scored.of_members([0, 2], keep=False) is not scored.of_members([0, 2], keep=False)


def test_missing_values_have_their_reasons() -> None:
    scored = made()
    ones = Scored(np.ones(ROWS, dtype=int), scored.predictions, (5,), "binary")
    found = ones.of(ORACLE)
    assert np.isnan(found.values()["auc"])
    assert set(found.reasons()) == {"auc"}
    assert "auc needs rows with it and without it" in found.reasons()["auc"]
    assert found.reasons(["brier"]) == {}


def test_one_member_is_all_there_is() -> None:
    scored = made(members=1, ks=(1,))
    assert [str(one) for one in scored.approaches][-1] == "dge_1"
    sample = scored.samples(dge(1))["brier"]
    assert sample.value == scored.of(NAIVE_SINGLE).values()["brier"]
    assert np.isnan(sample.member_variance)
    assert scored.samples(SINGLE_MEAN)["brier"].value == sample.value


@pytest.mark.parametrize("task", TASKS)
def test_influences_are_the_jackknife_s(task: Task) -> None:
    scored, name = made(task), metric_names(task)[0]
    sample = scored.samples(dge(MEMBERS))[name]
    members = scored.predictions.members
    without = [
        score_encoded(
            [name], scored.y, combine([*members[:i], *members[i + 1 :]], task=task), task=task
        ).values[name]
        for i in range(MEMBERS)
    ]
    expected = (MEMBERS - 1) / MEMBERS * np.sum((without - np.mean(without)) ** 2)
    assert sample.member_variance == pytest.approx(expected)
    assert scored.samples(ORACLE)[name].member_variance == 0
    few = scored.samples(dge(2))[name].influence
    assert np.count_nonzero(few) == 2
    assert len(few) == MEMBERS


@pytest.mark.parametrize("task", TASKS)
def test_a_part_is_scored_as_its_rows_by_themselves(task: Task) -> None:
    scored, chosen = made(task), np.arange(ROWS) % 3 == 0
    part, given = scored.within(chosen), scored.predictions
    alone = Scored(
        scored.y[chosen],
        TrainingPredictions(
            tuple(one[chosen] for one in given.oracle),
            tuple(one[chosen] for one in given.naive_ensemble),
            given.naive_concat[chosen],
            tuple(one[chosen] for one in given.members),
        ),
        scored.ks,
        task,
    )
    for approach in scored.approaches:
        assert part.of(approach).values() == alone.of(approach).values()
    assert [one.values() for one in part.singles()] == [one.values() for one in alone.singles()]
    found = part.of(dge(5)).replicates()
    assert all(len(values) == 40 for values in found.values())


def test_a_part_is_given_up_with_its_weights_when_nobody_holds_it() -> None:
    """Weights of a group are rows times replicates: many groups of them would fill the memory."""
    scored = made()
    part = scored.within(np.arange(ROWS) % 2 == 0)
    for approach in scored.approaches:
        part.of(approach).replicates()
    gone = [weakref.ref(part), weakref.ref(part.rows.resamples)]
    gc.disable()
    try:
        del part
        assert [one() for one in gone] == [None, None]
    finally:
        gc.enable()


def test_what_is_no_prediction_and_what_has_no_resamples_is_said() -> None:
    scored = made()
    for approach in (NAIVE, SINGLE_MEAN):
        with pytest.raises(EvaluationError, match=f"{approach} is not a prediction of real_test"):
            scored.of(approach)
    alone = Scored(scored.y, scored.predictions, (5,), "binary")
    with pytest.raises(EvaluationError, match="given no resamples"):
        alone.of(ORACLE).replicates()
    with pytest.raises(EvaluationError, match="asks for an ensemble of 9 members"):
        Scored(scored.y, scored.predictions, (9,), "binary").approaches  # noqa: B018
