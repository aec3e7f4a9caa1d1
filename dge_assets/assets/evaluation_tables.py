"""The evaluation tables of a line, from what each part of the evaluation gave.

Here: what each part is, in this line. Not here: the tables (each table's card names what makes it),
the work that runs side by side (`evaluation`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.line import Line, contract_of
from dge_resources.records import Recorded

if TYPE_CHECKING:
    from dge_assets.core.augmentation.scores import Augmentation
    from dge_assets.core.evaluation.requests import FamilyModelScores, OraclePredictions
    from dge_assets.core.evaluation.wider import FamilyEvaluation, ModelEvaluation

Labels = tuple[str, ...]
"""What tells one part from the others: family and model, or one of them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Results:
    """What the work of an evaluation gave: by model, and by `family/model`."""

    oracles: "Mapping[str, OraclePredictions]"
    scores: "Mapping[str, FamilyModelScores]"
    augmented: "Mapping[str, Augmentation]"

    @property
    def notes(self) -> dict[Labels, list[str]]:
        """Remarks by family and model."""
        added = {key: item.notes for key, item in self.augmented.items()}
        return {
            labels_of(key): [*item.notes, *added.get(key, [])] for key, item in self.scores.items()
        }


def labels_of(key: str) -> Labels:
    """Family and model of `family/model`."""
    family, model = key.split("/", 1)
    return family, model


def evaluation_frames(line: Line, ensemble: Ensemble, results: Results) -> dict[str, pd.DataFrame]:
    """All tables by name, each as its card says."""
    from dge_assets.core.evaluation.stacking import made, stacked_tables
    from dge_assets.core.evaluation.wider import WholeEvaluation

    of = line.catalogue.made_per
    augmented = {
        labels_of(key): {card.name: results.augmented[key].table for card in of("augmented")}
        for key in sorted(results.augmented)
    }
    families: dict[Labels, dict[str, pd.DataFrame]] = {
        (family,): made(of("family"), _family(line, ensemble, results, family))
        for family in sorted(line.families)
    }
    models: dict[Labels, dict[str, pd.DataFrame]] = {
        (model,): made(of("model"), _model(line, ensemble, results, model))
        for model in line.plan.declaration.models
    }
    pairs = {labels_of(key): results.scores[key].tables for key in sorted(results.scores)}
    frames = {
        **stacked_tables(of("pair"), pairs),
        **stacked_tables(of("augmented"), augmented),
        **stacked_tables(of("family"), families),
        **stacked_tables(of("model"), models),
    }
    # The index, the first card, counts the rows of all others, so it comes last.
    for card in reversed(of("evaluation")):
        whole = WholeEvaluation(
            frames=frames,
            descriptions={other.name: other.description for other in line.catalogue},
            notes=results.notes,
        )
        frames = {**frames, **stacked_tables([card], {(): made([card], whole)})}
    return frames


def _family(line: Line, ensemble: Ensemble, results: Results, family: str) -> "FamilyEvaluation":
    from dge_assets.core.evaluation.wider import FamilyEvaluation

    return FamilyEvaluation(
        contract=contract_of(ensemble.real_train.record),
        real_train=modelled(ensemble.real_train),
        datasets=[item.frame for _, item in sorted(ensemble.datasets[family].items())],
        scores={
            labels_of(key)[1]: results.scores[key]
            for key in sorted(results.scores)
            if labels_of(key)[0] == family
        },
        declared=line.plan.declaration.statistics,
    )


def _model(line: Line, ensemble: Ensemble, results: Results, model: str) -> "ModelEvaluation":
    from dge_assets.core.evaluation.wider import ModelEvaluation

    return ModelEvaluation(
        table=line.table,
        contract=contract_of(ensemble.real_train.record),
        real_test=modelled(ensemble.real_test),
        on_real={family: results.scores[f"{family}/{model}"].on_real for family in line.families},
        oracle=results.oracles[model],
    )


def modelled(item: Recorded) -> pd.DataFrame:
    """Real rows as synthetic datasets have them: without ids and positions."""
    return item.frame[[column.name for column in contract_of(item.record).modelled]]
