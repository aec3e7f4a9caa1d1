"""Trained members that several test modules share: two families, one epoch, 200 rows."""

from __future__ import annotations

import pytest

from dge_assets.core.generators.members import TrainedMember, TrainingTask, train_member
from dge_assets.core.generators.parameters import parameters_for
from tests.support.tables import every_kind, every_kind_contract

SMALL: dict[str, dict[str, object]] = {
    "ctgan": {"epochs": 2, "batch_size": 100, "generator_dim": [16], "discriminator_dim": [16], "embedding_dim": 8},
    "tvae": {"epochs": 2, "batch_size": 100, "compress_dims": [16], "decompress_dims": [16], "embedding_dim": 8},
}
"""Hyperparameters that train in a tenth of a second."""


def training_task(family: str, seed: int, **other: object) -> TrainingTask:
    """A task on the table of every kind."""
    stated: dict[str, object] = {
        "table": "kinds",
        "family": family,
        "seed": seed,
        "algorithm": family,
        "parameters": parameters_for(family, SMALL[family]),
        "real_train": every_kind(),
        "contract": every_kind_contract(),
        "max_levels": 50,
        "many_levels": "pool",
    }
    return TrainingTask(**{**stated, **other})  # type: ignore[arg-type]


@pytest.fixture(scope="session", params=sorted(SMALL))
def trained(request: pytest.FixtureRequest) -> tuple[TrainingTask, TrainedMember]:
    """Member 3 of each family on the table of every kind."""
    task = training_task(request.param, 3)
    return task, train_member(task, lambda done, of: None)
