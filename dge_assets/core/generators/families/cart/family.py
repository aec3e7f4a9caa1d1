"""Sequential trees as a family: from a training to members, and from a member to rows.

Here: the order of the table's columns in the modelling frame's words, and the state's document.
Not here: trees and leaves (`fitting.py`, `sampling.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from dge_assets.core.errors import GeneratorError
from dge_assets.core.generators.encoding.column_plan import ColumnPlan
from dge_assets.core.generators.families.cart.columns import VisitedColumn, visited_columns
from dge_assets.core.generators.families.cart.fitting import Growth, fit_columns
from dge_assets.core.generators.families.cart.parameters import CARTParameters
from dge_assets.core.generators.families.cart.sampling import sampled_chunks
from dge_assets.core.generators.family import Fitted, GeneratorState, Sampling, Training
from dge_assets.core.progress import Progress


class SequentialTrees:
    """The family `cart`."""

    def fit(self, training: Training, progress: Progress) -> Iterator[tuple[int, Fitted]]:
        """See `Family.fit`; raises GeneratorError where `order` names a column that is not there."""
        parameters = training.parameters
        assert isinstance(parameters, CARTParameters)
        growth = Growth(
            min_samples_leaf=parameters.min_samples_leaf,
            max_depth=parameters.max_depth,
            proper=parameters.proper,
            split_rows=parameters.split_rows,
        )
        first = _declared_keys(training, parameters)
        for place, seed in enumerate(training.seeds):
            modelled = training.modelled_rows(seed)
            columns = _columns(training, modelled, first)
            tensors = fit_columns(
                modelled,
                columns,
                growth,
                training.stream(seed),
                _part_of(progress, place, len(training.seeds)),
            )
            document = {"columns": [column.to_document() for column in columns]}
            yield seed, Fitted(GeneratorState(tensors, document))

    def sampler(self, state: GeneratorState, sampling: Sampling) -> TreeSampler:
        """See `Family.sampler`."""
        assert isinstance(sampling.parameters, CARTParameters)
        return TreeSampler(state, sampling)


@dataclass(frozen=True)
class TreeSampler:
    """Draws rows from one member; see `Sampler`."""

    state: GeneratorState
    sampling: Sampling

    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        """See `Sampler.chunks`."""
        parameters = self.sampling.parameters
        assert isinstance(parameters, CARTParameters)
        columns = [VisitedColumn.from_document(each) for each in self.state.document["columns"]]
        return sampled_chunks(
            columns,
            self.state.tensors,
            rows,
            most=most,
            smoothing=parameters.smoothing,
            stream=self.sampling.stream,
        )


def _part_of(progress: Progress, place: int, members: int) -> Progress:
    """The progress of one of some members that have as many trees each."""

    def told(done: int, of: int) -> None:
        progress(place * of + done, members * of)

    return told


def _columns(
    training: Training, modelled: pd.DataFrame, first: Sequence[str]
) -> tuple[VisitedColumn, ...]:
    codec = training.encoder.codec
    indicators = {plan.key: plan.indicator for plan in codec.plans if plan.indicator}
    return visited_columns(modelled, codec.discrete, indicators, first)


def _declared_keys(training: Training, parameters: CARTParameters) -> list[str]:
    """Keys in the modelling frame of the columns that `order` names; constant ones have none."""
    if parameters.order == "found":
        return []
    plans: dict[str, ColumnPlan] = {plan.name: plan for plan in training.encoder.codec.plans}
    unknown = [name for name in parameters.order if name not in plans]
    if unknown:
        raise GeneratorError(
            f"{training.place}: `order` names {unknown}, which are not columns that are learnt; allowed: {', '.join(plans)}"
        )
    return [plans[name].key for name in parameters.order if plans[name].role != "constant"]


FAMILY = SequentialTrees()
