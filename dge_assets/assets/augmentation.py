"""Augmentation in the line: its tasks.

Not here: the evaluation's asset (`evaluation`).
"""

from __future__ import annotations

from typing import Any

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.line import Line, contract_of


def augmentation_tasks(line: Line, ensemble: Ensemble) -> dict[str, Any]:
    """One task per family and model that the declaration's `augmentation` names, keyed
    `family/model`.
    """
    from dge_assets.core.augmentation.scores import AugmentationRequest

    declaration = line.plan.declaration
    asked = declaration.augmentation
    contract = contract_of(ensemble.real_train.record)
    modelled = [column.name for column in contract.modelled]
    return {
        f"{family}/{model}": AugmentationRequest(
            table=line.table,
            family=family,
            model=model,
            contract=contract,
            real_train=ensemble.real_train.frame[modelled],
            real_test=ensemble.real_test.frame[modelled],
            datasets={seed: item.frame for seed, item in ensemble.datasets[family].items()},
            real_rows=asked.real_rows,
            repeats=asked.repeats,
            weights=asked.weights,
            max_levels=declaration.max_levels,
        )
        for family in line.families
        for model in asked.models
    }
