"""What the stages of one table's line share: asset keys, partitions, recipes, settings.

A recipe says what an artifact is made from; every stage makes its recipe here, from its parents'
records alone, so that "is it still what is wanted" has one answer for assets, checks and the
release.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dagster as dg

from dge_assets.assets.check_cards import CHECK_CARDS
from dge_assets.core.cards.check_card import CheckCard
from dge_assets.core.contract.contract import Contract
from dge_assets.core.declaration.table import TablePlan
from dge_assets.core.evaluation.catalogue import CATALOGUE, Catalogue
from dge_assets.core.lineage.fingerprint import document_sha256
from dge_assets.core.lineage.provenance import Provenance, Recipe

CODE_VERSIONS = {
    "source": "3",
    "split": "3",
    "encoder": "2",
    "generator": "4",
    "synthetic": "4",
    "downstream": "4",
    "evaluation": "14",
    "report": "13",
    "release": "2",
}
"""Raised by hand when a stage's code gives other results; part of every recipe and of Dagster's
`code_version`.
"""

LAKE = "lake"
"""Resource key of the IO manager."""

ONE_RUN = dg.BackfillPolicy.single_run()
"""A backfill of a range of seeds is one run. Stages without partitions say so too: a job over both
can then be launched for a range from the command line."""


@dataclass(frozen=True)
class Line:
    """One table's line of assets."""

    plan: TablePlan
    folder: str
    """Folder of the declaration, where relative paths start."""
    catalogue: Catalogue = CATALOGUE
    """The cards of its evaluation tables."""
    checks: tuple[CheckCard, ...] = CHECK_CARDS
    """The cards of its checks."""

    @property
    def table(self) -> str:
        """The table's name: group, key prefix and schema."""
        return self.plan.table

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the families, in declared order."""
        return tuple(self.plan.families)

    @property
    def partitions(self) -> dg.StaticPartitionsDefinition:
        """The seeds: `000`, `001`, ...; raising K appends, so what is there stays.

        One job has one definition of partitions, so all families have those of the largest.
        """
        return dg.StaticPartitionsDefinition([f"{seed:03d}" for seed in range(self.plan.seeds)])

    def partition_mapping(self, family: str) -> dg.PartitionMapping:
        """From all of a family's members to what reads them at once."""
        return dg.SpecificPartitionsPartitionMapping([f"{seed:03d}" for seed in self.seeds(family)])

    def seeds(self, family: str) -> range:
        """All seeds of a family's ensemble."""
        return range(self.plan.members[family])

    @property
    def members(self) -> list[tuple[str, int]]:
        """All members, as (family, seed)."""
        return [(family, seed) for family in self.families for seed in self.seeds(family)]

    def key(self, asset: str, family: str | None = None) -> dg.AssetKey:
        """`crash/real_train`, `crash/ctgan/generator`."""
        return dg.AssetKey([part for part in (self.table, family, asset) if part])

    def attributes(
        self,
        stage: str,
        *kinds: str,
        family: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Arguments that all assets of a stage share.

        Dagster's `code_version` holds the stage's version and the hash of its settings, so a
        changed hyperparameter makes its own family stale in the UI and nothing else.
        """
        settings = "" if parameters is None else "-" + document_sha256(parameters)[:12]
        return {
            "group_name": self.table,
            "owners": list(self.plan.declaration.owners),
            "kinds": {"python", *kinds},
            "code_version": self.code_version(stage, family) + settings,
            "tags": {"dge/stage": stage},
        }

    def remedy(self, asset: str, family: str | None = None, seed: int | None = None) -> str:
        """The command that makes an asset anew."""
        partition = "" if seed is None else f" --partition {seed:03d}"
        return f"dg launch --assets {self.key(asset, family).to_user_string()}{partition}"

    @property
    def split_parameters(self) -> dict[str, Any]:
        """The settings that decide real_train and real_test, and what of them may be told, besides
        the source.
        """
        declaration = self.plan.declaration
        return {
            "test_share": declaration.test_share,
            "disclosure": declaration.disclosure.model_dump(mode="json"),
            "max_levels": declaration.max_levels,
            "many_levels": declaration.many_levels,
        }

    def generator_parameters(self, family: str) -> dict[str, Any]:
        """The settings that decide a generator, besides encoded rows and seed."""
        return {
            "algorithm": self.plan.algorithm(family),
            "hyperparameters": self.plan.parameters(family).of_training(),
        }

    def declared_generator_parameters(self, family: str) -> dict[str, Any]:
        """What the UI judges a generator's staleness by: all that is declared, under whichever
        profile it is looked at.
        """
        declared = self.plan.declaration
        unit = self.plan.card(family).effort
        return {
            "algorithm": self.plan.algorithm(family),
            "hyperparameters": declared.families[family].parameters.model_dump(mode="json"),
            "profiles": {
                profile: limits.most_of(family, unit)
                for profile, limits in sorted(declared.profiles.items())
            },
        }

    def code_version(self, stage: str, family: str | None = None) -> str:
        """The version of a stage's code, for generators with that of the family's own."""
        version = CODE_VERSIONS[stage]
        if stage != "generator" or family is None:
            return version
        return "-".join(filter(None, (version, self.plan.card(family).code_version)))

    @property
    def declared_evaluation_parameters(self) -> dict[str, Any]:
        """What the UI judges the evaluation's staleness by, likewise."""
        declared = self.plan.declaration
        ks: dict[str, Any] = {"seeds": declared.seeds}
        ks |= {profile: limits.seeds for profile, limits in sorted(declared.profiles.items())}
        own = {name: family.seeds for name, family in declared.families.items() if family.seeds}
        return {**self.evaluation_parameters, "ks": ks | ({"families": own} if own else {})}

    def synthetic_parameters(self, family: str) -> dict[str, Any]:
        """The settings that decide a dataset, besides its generator."""
        return {
            "rows": self.plan.declaration.synthetic_rows,
            **self.plan.parameters(family).of_sampling(),
        }

    @property
    def downstream_parameters(self) -> dict[str, Any]:
        """The settings that decide a member's downstream models, besides its dataset."""
        declaration = self.plan.declaration
        return {
            "models": list(declaration.models),
            "max_levels": declaration.max_levels,
            "test_share": self.plan.dataset_test_share,
        }

    @property
    def evaluation_parameters(self) -> dict[str, Any]:
        """The settings that decide the evaluation tables, besides what is evaluated."""
        declaration = self.plan.declaration
        stated = declaration.statistics
        augmentation = declaration.augmentation.model_dump(mode="json")
        return {
            **self.downstream_parameters,
            "families": list(self.families),
            "ks": self._ks,
            "gain_per_second": declaration.gain_per_second,
            "statistics": None
            if stated is None
            else [item.model_dump(mode="json") for item in stated],
            "augmentation": augmentation,
        }

    @property
    def _ks(self) -> list[int] | dict[str, list[int]]:
        """The reported sizes; by family where they differ."""
        by_family = {family: list(self.plan.ks(family)) for family in self.families}
        one, *others = by_family.values()
        return one if all(each == one for each in others) else by_family

    def encoder_recipe(self, real_train: Provenance) -> Recipe:
        """What the encoding is made from."""
        return self._child("encoder", {}, real_train)

    def generator_recipe(self, family: str, seed: int, encoder: Provenance) -> Recipe:
        """What the generator of (family, seed) is made from."""
        return self._child(
            "generator", self.generator_parameters(family), encoder, family=family, seed=seed
        )

    def synthetic_recipe(self, family: str, seed: int, generator: Provenance) -> Recipe:
        """What the dataset of (family, seed) is made from."""
        return self._child(
            "synthetic", self.synthetic_parameters(family), generator, family=family, seed=seed
        )

    def downstream_recipe(self, family: str, seed: int, synthetic: Provenance) -> Recipe:
        """What the downstream models of (family, seed) are made from."""
        return self._child(
            "downstream", self.downstream_parameters, synthetic, family=family, seed=seed
        )

    def evaluation_recipe(self, asset: str, parents: list[Provenance]) -> Recipe:
        """What one evaluation table is made from; the first parent is real_train."""
        return self._child("evaluation", self.evaluation_parameters, *parents, asset=asset)

    def _child(
        self,
        stage: str,
        parameters: dict[str, Any],
        *parents: Provenance,
        asset: str | None = None,
        family: str | None = None,
        seed: int | None = None,
    ) -> Recipe:
        return Recipe(
            table=self.table,
            asset=asset or stage,
            family=family,
            seed=seed,
            table_fingerprint=parents[0].table_fingerprint,
            contract_sha256=parents[0].contract_sha256,
            parameters=parameters,
            code_version=self.code_version(stage, family),
            parents=tuple(parent.record_id for parent in parents),
        )


def contract_of(record: Provenance) -> Contract:
    """The complete contract that a source, real_train or real_test record carries."""
    return Contract.model_validate(record.parameters["contract"])
