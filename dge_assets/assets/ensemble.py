"""The fan-in: all members of a table at once, each checked to be the one that is wanted now.

Evaluation, report and release read the ensemble through here, so none of them can work on part of
it, on members of an older table or declaration, or on scores of other members.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dge_assets.assets.encoder import stored_encoder
from dge_assets.assets.line import Line
from dge_assets.core.lineage.provenance import Provenance, require_recipe
from dge_resources.artifacts import Artifact
from dge_resources.records import Recorded
from dge_resources.storage import Storage


@dataclass(frozen=True)
class Ensemble:
    """Everything that evaluation reads."""

    real_train: Recorded
    real_test: Recorded
    datasets: dict[str, dict[int, Recorded]]
    models: dict[str, dict[int, Artifact]]
    cpu_seconds: dict[str, dict[int, float]]
    """What each member took: its generator, its dataset and its downstream models."""

    @property
    def parents(self) -> list[Provenance]:
        """All records, real_train first, members in order."""
        members = [item.record for by_seed in self.datasets.values() for item in by_seed.values()]
        models = [item.record for by_seed in self.models.values() for item in by_seed.values()]
        return [self.real_train.record, self.real_test.record, *members, *models]


def ensemble_inputs(line: Line) -> dict[str, dg.AssetIn]:
    """What an asset must take in to collect the ensemble."""
    return {
        "real_train": dg.AssetIn(line.key("real_train")),
        "real_test": dg.AssetIn(line.key("real_test")),
        **{
            f"{family}__synthetic": dg.AssetIn(
                line.key("synthetic", family), partition_mapping=line.partition_mapping(family)
            )
            for family in line.families
        },
    }


def collect_ensemble(line: Line, storage: Storage, inputs: Mapping[str, Any]) -> Ensemble:
    """All members, each checked to descend from the present real_train and declaration.

    `inputs` are those of `ensemble_inputs`. Raises ProvenanceError or StorageError with the command
    that mends it.
    """
    real_train: Recorded = inputs["real_train"]
    encoder = stored_encoder(line, storage, real_train.record)
    datasets: dict[str, dict[int, Recorded]] = {}
    models: dict[str, dict[int, Artifact]] = {}
    seconds: dict[str, dict[int, float]] = {}
    for family in line.families:
        given: dict[str, Recorded] = inputs[f"{family}__synthetic"]
        datasets[family] = {int(key): item for key, item in sorted(given.items())}
        models[family], seconds[family] = {}, {}
        for seed, item in datasets[family].items():
            generator = storage.artifacts.record_expected(
                line.generator_recipe(family, seed, encoder),
                remedy=line.remedy("generator", family, seed),
            )
            expected = line.synthetic_recipe(family, seed, generator)
            require_recipe(item.record, expected, remedy=line.remedy("synthetic", family, seed))
            models[family][seed] = storage.artifacts.read_expected(
                line.downstream_recipe(family, seed, item.record),
                remedy=line.remedy("downstream", family, seed),
            )
            seconds[family][seed] = sum(
                map(_work, (generator, item.record, models[family][seed].record))
            )
    return Ensemble(real_train, inputs["real_test"], datasets, models, seconds)


def _work(record: Provenance) -> float:
    """CPU seconds; those on the clock of what was stored before CPU seconds were, 0 where neither
    is known.
    """
    return record.seconds or 0.0 if record.cpu_seconds is None else record.cpu_seconds


def tables_of(
    ensemble: Ensemble, line: Line, storage: Storage, names: Sequence[str]
) -> dict[str, Recorded]:
    """The evaluation tables `names`; ProvenanceError for one that was made from other members or
    settings.
    """
    remedy = f"dg launch --job {line.table}_evaluate"
    return {
        name: storage.lake.read_expected(
            line.evaluation_recipe(name, ensemble.parents), remedy=remedy
        )
        for name in names
    }
