"""What is scored on the rows of real_test, once: tables, intervals, groups and uncertainty all ask
here.

Here: each approach's combined prediction, its metrics with their reasons, their replicates over
test rows and what each member has in them, computed when they are first asked and kept. Not here:
what a metric is (`metrics`), how replicates are weighted (`replicates`), the tables (`tables`,
`intervals`, and those of the rooms above).

What is kept is bounded: of every prediction its values and replicates (some numbers a metric), and
the combined array of the few approaches that tables have, not of the sets of members that the K
curve goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from dge_assets.core.arrays import Array, Codes, Replicates
from dge_assets.core.contract.contract import Task
from dge_assets.core.errors import EvaluationError
from dge_assets.core.intervals.resampling import PartOfResamples, Resamples
from dge_assets.core.scores.approach import (
    NAIVE_CONCAT,
    NAIVE_ENSEMBLE,
    NAIVE_SINGLE,
    ORACLE,
    SINGLE_MEAN,
    Approach,
    dge,
)
from dge_assets.core.scores.metrics import Bools, metric_names, score_encoded
from dge_assets.core.scores.predictions import TrainingPredictions, combine, require_ks
from dge_assets.core.scores.replicates import replicate_scores
from dge_assets.core.scores.samples import ScoreSample, influence, mean_of_singles

Samples = dict[str, ScoreSample]
"""Metric -> sample."""
Drawn = TypeVar("Drawn", bound=Resamples | PartOfResamples)


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Rows that predictions are scored on: their target y (rows,), encoded; the metrics of tables;
    replicates of the rows, where intervals are asked for.
    """

    y: Codes
    task: Task
    metrics: tuple[str, ...]
    resamples: Resamples | PartOfResamples | None = None


@dataclass(frozen=True, eq=False)
class ScoredPrediction:
    """One prediction of some rows and what is asked of it, each computed once.

    make: its combined array, (rows, classes) or (rows, m); it is kept where `keeps`.
    """

    rows: ScoredRows
    make: Callable[[], Array]
    keeps: bool = False
    _combined: list[Array] = field(default_factory=list, repr=False)
    _values: dict[str, float] = field(default_factory=dict, repr=False)
    _reasons: dict[str, str] = field(default_factory=dict, repr=False)
    _replicates: dict[str, Replicates] = field(default_factory=dict, repr=False)

    @property
    def combined(self) -> Array:
        """What is scored: mean probabilities, or the values of all that it is made of."""
        if self._combined:
            return self._combined[0]
        made = self.make()
        if self.keeps:
            self._combined.append(made)
        return made

    def values(self, metrics: Sequence[str] = ()) -> dict[str, float]:
        """The metrics by name, those of tables when none are named; NaN where one has no value."""
        names = tuple(metrics) or self.rows.metrics
        missing = [name for name in names if name not in self._values]
        if missing:
            found = score_encoded(missing, self.rows.y, self.combined, task=self.rows.task)
            self._values.update(found.values)
            self._reasons.update(found.reasons)
        return {name: self._values[name] for name in names}

    def reasons(self, metrics: Sequence[str] = ()) -> dict[str, str]:
        """Why values are NaN, by the names of those that are."""
        return {name: self._reasons[name] for name in self.values(metrics) if name in self._reasons}

    def replicates(self, metrics: Sequence[str] = ()) -> dict[str, Replicates]:
        """Each metric on resampled rows, (replicates,) by name."""
        names = tuple(metrics) or self.rows.metrics
        missing = [name for name in names if name not in self._replicates]
        if missing:
            found = replicate_scores(
                missing,
                self.rows.y,
                self.combined,
                _required(self.rows.resamples),
                task=self.rows.task,
            )
            self._replicates.update(found)
        return {name: self._replicates[name] for name in names}


def _required(resamples: Drawn | None) -> Drawn:
    if resamples is None:
        raise EvaluationError("replicates are asked of rows that were given no resamples")
    return resamples


@dataclass(frozen=True, eq=False)
class Scored:
    """The predictions of one model class on real_test, for one family's ensemble.

    predictions: on all rows of y (rows,), encoded. ks: sizes of the DGEs that tables have. metrics:
    those of tables, the task's when None. resamples: of these rows; without them there is no
    replicate, sample or interval.
    """

    y: Codes
    predictions: TrainingPredictions
    ks: Sequence[int]
    task: Task
    resamples: Resamples | None = None
    metrics: Sequence[str] | None = None
    _kept: dict[Approach | tuple[int, ...], ScoredPrediction] = field(
        default_factory=dict, repr=False
    )
    _samples: dict[Approach, Samples] = field(default_factory=dict, repr=False)

    @cached_property
    def rows(self) -> ScoredRows:
        """All rows of real_test."""
        names = tuple(self.metrics or metric_names(self.task))
        return ScoredRows(self.y, self.task, names, self.resamples)

    @property
    def size(self) -> int:
        """How many members there are, n."""
        return len(self.predictions.members)

    @cached_property
    def approaches(self) -> tuple[Approach, ...]:
        """Those that tables have, in their order; EvaluationError for a K that there is not."""
        sizes = require_ks(self.ks, self.size, fewest=1)
        return (ORACLE, NAIVE_SINGLE, NAIVE_ENSEMBLE, NAIVE_CONCAT, *map(dge, sizes))

    def arrays(self, approach: Approach) -> tuple[Array, ...]:
        """What each of its fits predicts."""
        if approach.members:
            return self.predictions.members[: approach.members]
        fits = {
            ORACLE: self.predictions.oracle,
            NAIVE_ENSEMBLE: self.predictions.naive_ensemble,
            NAIVE_CONCAT: (self.predictions.naive_concat,),
        }
        if approach not in fits:
            raise EvaluationError(
                f"{approach} is not a prediction of real_test; there are {', '.join(map(str, fits))}, "
                f"{NAIVE_SINGLE} and {dge(self.size)}"
            )
        return fits[approach]

    def of(self, approach: Approach) -> ScoredPrediction:
        """An approach as one prediction; dge_1 and naive_single are the same one."""
        if approach.members:
            return self.of_members(range(approach.members))
        if approach not in self._kept:
            self._kept[approach] = self._prediction(self.arrays(approach), keeps=True)
        return self._kept[approach]

    def of_members(self, members: Sequence[int], *, keep: bool = True) -> ScoredPrediction:
        """Any members as one ensemble; `keep` it for whoever asks next."""
        key = tuple(members)
        if key in self._kept:
            return self._kept[key]
        arrays = [self.predictions.members[member] for member in key]
        is_approach = key == tuple(range(len(key))) and len(key) in (1, *self.ks)
        found = self._prediction(arrays, keeps=is_approach)
        if keep:
            self._kept[key] = found
        return found

    def _prediction(self, arrays: Sequence[Array], *, keeps: bool) -> ScoredPrediction:
        task = self.task  # not self, which would keep itself alive through what it keeps
        return ScoredPrediction(self.rows, lambda: combine(arrays, task=task), keeps=keeps)

    def sets_of(self, K: int) -> list[ScoredPrediction]:
        """The disjoint sets of K members in seed order, as many as there are; the first is dge_K."""
        starts = range(0, self.size - K + 1, K)
        return [self.of_members(range(start, start + K)) for start in starts]

    def singles(self) -> list[ScoredPrediction]:
        """Each member by itself."""
        return self.sets_of(1)

    def samples(self, approach: Approach) -> Samples:
        """How each metric of an approach varies, with members and test rows; of `SINGLE_MEAN` too.

        What naive_ensemble and naive_concat would be with other members is not known without
        fitting them anew: they count as they are, with no influence of members. naive_single and
        dge_1 stand for any single dataset: the mean over datasets varies as the members' scores do,
        and one of them as much again about that mean.
        """
        if approach not in self._samples:
            self._samples[approach] = self._samples_of(approach)
        return self._samples[approach]

    def _samples_of(self, approach: Approach) -> Samples:
        names, n = self.rows.metrics, self.size
        if approach == SINGLE_MEAN:
            return {name: mean for name, (mean, _) in self._of_singles.items()}
        found = self.of(approach)
        values, replicates = found.values(), found.replicates()
        if approach.members == 1:
            return {
                name: ScoreSample(values[name], replicates[name], mean.influence, n, about)
                for name, (mean, about) in self._of_singles.items()
            }
        K = approach.members
        influences = self._influences(K) if K else dict.fromkeys(names, np.zeros(n))
        return {
            name: ScoreSample(values[name], replicates[name], influences[name], K) for name in names
        }

    @cached_property
    def _of_singles(self) -> dict[str, tuple[ScoreSample, float]]:
        """By metric: the mean score of one member, and the variance of one about that mean."""
        values = [single.values() for single in self.singles()]
        replicates = [single.replicates() for single in self.singles()]
        return {
            name: mean_of_singles([of[name] for of in values], [of[name] for of in replicates])
            for name in self.rows.metrics
        }

    def _influences(self, K: int) -> dict[str, Array]:
        """By metric: the influence (n,) of each of the first K members on their ensemble's score."""
        without = [
            self.of_members([*range(out), *range(out + 1, K)], keep=False).values()
            for out in range(K)
        ]
        return {
            name: influence(np.array([values[name] for values in without]), self.size)
            for name in self.rows.metrics
        }

    def drawn(self) -> Resamples:
        """The resamples, for what is no metric of a prediction; EvaluationError where there are
        none.
        """
        return _required(self.resamples)

    def within(self, rows: Bools) -> ScoredPart:
        """The same on some of the rows (a mask over them)."""
        return ScoredPart(self, rows)


@dataclass(frozen=True, eq=False)
class ScoredPart:
    """Some of the rows of real_test, as a group is; `chosen`: a mask over all of them.

    A part's number of rows differs between replicates, as it does between test sets.
    """

    whole: Scored
    chosen: Bools
    _kept: dict[Approach, ScoredPrediction] = field(default_factory=dict, repr=False)

    @cached_property
    def rows(self) -> ScoredRows:
        """Those of the part."""
        of = self.whole
        resamples = None if of.resamples is None else PartOfResamples(of.resamples, self.chosen)
        return ScoredRows(of.y[self.chosen], of.task, of.rows.metrics, resamples)

    def of(self, approach: Approach) -> ScoredPrediction:
        """An approach as one prediction of these rows."""
        if approach not in self._kept:
            self._kept[approach] = self._cut(self.whole.of(approach))
        return self._kept[approach]

    def singles(self) -> list[ScoredPrediction]:
        """Each member by itself."""
        others = [self._cut(single) for single in self.whole.singles()[1:]]
        return [self.of(NAIVE_SINGLE), *others]

    def _cut(self, whole: ScoredPrediction) -> ScoredPrediction:
        chosen = self.chosen  # not self, as above: a part's weights are large
        return ScoredPrediction(self.rows, lambda: whole.combined[chosen], keeps=True)
