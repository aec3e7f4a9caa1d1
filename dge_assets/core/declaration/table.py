"""A table's declaration: everything that one `defs.yaml` says, checked before anything runs.

Here: the schema, and what it makes of a profile (`TablePlan`). Not here: the profiles (`profiles`),
the schemas of parts (`declaration.sources`, `contract`, ...), reading files (`declarations`), the
data.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveInt,
    field_validator,
    model_validator,
)

from dge_assets.core.contract.closed_model import ClosedModel
from dge_assets.core.contract.contract import ContractDeclaration
from dge_assets.core.contract.disclosure import DisclosureDeclaration
from dge_assets.core.contract.masking import found_words, mask_secrets
from dge_assets.core.declaration.families import (
    MOST_SEEDS,
    NAME,
    FamilyDeclaration,
    family_declaration,
)
from dge_assets.core.declaration.model_names import MODEL_NAMES
from dge_assets.core.declaration.models import AugmentationDeclaration, DownstreamModel
from dge_assets.core.declaration.profiles import TRIAL, Cut, Profile, ProfileLimits, built_in_limits
from dge_assets.core.declaration.schedule import ScheduleDeclaration
from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.declaration.statistics import StatisticDeclaration
from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.effort import Effort
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.generators.registry import family_names

NESTED_KS = (5, 10, 20, 50, 100, 200, 500)
"""The ensemble sizes that are reported, as far as there are members; the largest K always is."""
GAIN_PER_SECOND = 1e-5
"""Default worth of a second: 0.001 of the Brier score, or 0.1 % of the target's variance, for 100 s
of one member's work.
"""

_TAKEN_TABLE_NAMES = (
    "main",
    "information_schema",
    "pg_catalog",
    "temp",
    "lineage",
    "memory",
    "system",
    "warehouse",
)
"""Schemas and catalogs that the warehouse's file has, or is attached as."""


def _identifier(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{found_words(name)} is not a usable name; allowed: lower-case letters, digits and _, a letter first"
        )
    return name


def _written_date(value: object) -> object:
    """YAML turns an unquoted date into a `date`, and a year into a number; both are kept as they
    were written.
    """
    return str(value) if isinstance(value, date | int) and not isinstance(value, bool) else value


class Thresholds(ClosedModel):
    """What the checks let pass."""

    range_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of rows that may be out of range; for the real table too where it is declared",
    )
    constraint_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of rows that may break a constraint; for the real table too where it is declared",
    )
    copies_alpha: float = Field(
        0.01, gt=0, lt=1, description="false alarm rate of the copies check over all members"
    )


class ReleaseDeclaration(ClosedModel):
    """How a release is signed off."""

    sign_off: Literal["automatic", "manual"] = Field(
        "automatic",
        description="automatic: by passed checks alone; manual: a person's name is needed as well",
    )
    families: Literal["all", "passing"] = Field(
        "all",
        description="all: nothing is released unless every family passes its checks; passing: families that pass are "
        "released, the manifest names the others",
    )


class TableDeclaration(ClosedModel):
    """One table that becomes a data product."""

    table: Annotated[str, AfterValidator(_identifier)] = Field(
        description="name of the table, its group and schema"
    )
    description: str = Field("", description="what the table is, for its page, report and release")
    owners: tuple[str, ...] = Field((), description="e-mail addresses or team:NAME")
    licence: str = Field(
        "", description="what consumers of a release may do with it, such as CC-BY-4.0; in its card"
    )
    contact: str = Field(
        "", description="whom consumers may ask, such as an e-mail address; in the release's card"
    )
    data_date: Annotated[str, BeforeValidator(_written_date)] = Field(
        "",
        description="what period the real rows are from, such as 2024-06-30 or `1997 to 2002`; in the release's card",
    )
    source: SourceDeclaration = Field(description="where the real rows come from")
    contract: ContractDeclaration = Field(
        description="what the real table must look like; what is left out is inferred"
    )
    families: dict[str, FamilyDeclaration] = Field(
        description="name: hyperparameters (and algorithm and seeds, if they differ)"
    )
    seeds: int = Field(
        20,
        ge=1,
        le=MOST_SEEDS,
        strict=True,
        description="K: members of each family that declares no `seeds` of its own",
    )
    models: tuple[DownstreamModel, ...] = Field(
        ("lr", "mlp", "gbdt"),
        description=f"downstream models: {', '.join(MODEL_NAMES)}, or `package.module:Class` of a scikit-learn estimator, "
        "alone or with its parameters",
    )
    augmentation: AugmentationDeclaration = Field(
        AugmentationDeclaration(),
        description="models to train on a few real rows with synthetic ones",
    )
    test_share: float = Field(
        0.2, gt=0, lt=1, description="share of the real rows that becomes real_test"
    )
    dataset_test_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="share of a dataset's rows that becomes its own test part; test_share if left out",
    )
    synthetic_rows: PositiveInt | None = Field(
        None, description="rows per dataset; by default those of real_train"
    )
    max_levels: int = Field(
        100, ge=2, description="levels of a category that are distinguished and one-hot encoded"
    )
    many_levels: Literal["pool", "error"] = Field(
        "pool", description="what to do with a column of more levels"
    )
    gain_per_second: float = Field(
        GAIN_PER_SECOND,
        gt=0,
        allow_inf_nan=False,
        description="what a member must gain per second of its CPU time to be worth it: Brier score, or share of the "
        "target's variance",
    )
    statistics: tuple[StatisticDeclaration, ...] | None = Field(
        None,
        description="statistics to compute beside models; by default means, and the target's proportions",
    )
    disclosure: DisclosureDeclaration = Field(
        DisclosureDeclaration(), description="what a release may give away"
    )
    thresholds: Thresholds = Field(Thresholds(), description="what the checks let pass")
    schedule: ScheduleDeclaration | None = Field(
        None, description="when the whole line runs by itself"
    )
    on_source_change: Literal["mark", "run", "ignore"] = Field(
        "mark", description="on a changed source: mark what is stale, run the line, or do not look"
    )
    release: ReleaseDeclaration = Field(
        ReleaseDeclaration(), description="how a release is signed off"
    )
    profiles: dict[Profile, ProfileLimits] = Field(
        default_factory=dict,
        description="less of it under DGE_PROFILE; without an entry, `default` and `full` cut nothing",
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="where generators are trained")
    processes: PositiveInt | None = Field(
        None, description="members side by side; as many as cores if left out"
    )

    @field_validator("families", mode="before")
    @classmethod
    def _families_with_algorithms(cls, families: Any) -> Any:
        if not isinstance(families, dict) or not families:
            raise ValueError(
                f"at least one family is needed, found {found_words(families)}; known: {', '.join(family_names())}"
            )
        return {str(name): family_declaration(str(name), given) for name, given in families.items()}

    @field_validator("models")
    @classmethod
    def _some_models(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        if not models or len(set(models)) != len(models):
            raise ValueError(
                f"needs at least one model and none twice, found {[mask_secrets(name) for name in models]}"
            )
        return models

    @model_validator(mode="after")
    def _names_are_free(self) -> TableDeclaration:
        if self.table in _TAKEN_TABLE_NAMES:
            raise ValueError(f"table: {self.table!r} is a name of DuckDB's own; choose another")
        units = {name: family.card.effort for name, family in self.families.items()}
        mistakes = [each for limits in self.profiles.values() for each in limits.mistakes(units)]
        if mistakes:
            raise ValueError(f"profiles: {'; '.join(mistakes)}")
        return self

    def seeds_of(self, family: str) -> int:
        """K of a family as declared."""
        return self.families[family].seeds or self.seeds

    def plan(self, profile: Profile) -> TablePlan:
        """What to train and evaluate under `profile`."""
        units = {name: family.card.effort for name, family in self.families.items()}
        stated = self.profiles.get(profile, ProfileLimits())
        built_in = built_in_limits(profile, units)
        families, members = {}, {}
        for name, family in self.families.items():
            most_seeds = stated.seeds_of(name) or built_in.seeds_of(name) or MOST_SEEDS
            members[name] = min(self.seeds_of(name), most_seeds)
            most = stated.most_of(name, units[name]) or built_in.most_of(name, units[name])
            families[name] = family.card.limited(family.parameters, most)
        return TablePlan(declaration=self, profile=profile, members=members, families=families)


class TablePlan(ClosedModel):
    """A declaration under a profile: the seeds and hyperparameters that are really used, and what
    that cuts.
    """

    declaration: TableDeclaration
    profile: Profile
    members: dict[str, int]
    """K of each family."""
    families: dict[str, Any]

    @property
    def table(self) -> str:
        """The table's name."""
        return self.declaration.table

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Every number that is smaller here than declared."""
        declared_members = {name: self.declaration.seeds_of(name) for name in self.families}
        numbers = [
            (f"{name} seeds", declared, self.members[name])
            for name, declared in declared_members.items()
        ]
        if len({*zip(declared_members.values(), self.members.values(), strict=True)}) == 1:
            numbers = [("seeds", max(declared_members.values()), self.seeds)]
        for name, family in self.declaration.families.items():
            declared, used = family.card.effort_of(family.parameters), self.effort(name)
            if declared is not None and used is not None:
                numbers.append((f"{name} {declared.unit}", declared.amount, used.amount))
        return tuple(
            Cut(field=field, declared=declared, used=used)
            for field, declared, used in numbers
            if used != declared
        )

    @property
    def cuts_text(self) -> str:
        """All cuts in one line, `seeds 20 -> 5, ctgan epochs 300 -> 50 by profile default`; empty
        without any.
        """
        return f"{', '.join(map(str, self.cuts))} by profile {self.profile}" if self.cuts else ""

    @property
    def is_trial(self) -> bool:
        """Whether this only shows that the line works: less than what the declaration means to
        release.
        """
        return self.profile == TRIAL and bool(self.cuts)

    @property
    def notice(self) -> str:
        """What everyone who meets this plan's results is told of its cuts; empty without any."""
        if not self.cuts:
            return ""
        if self.is_trial:
            return f"This is a trial, less than what is declared: {self.cuts_text}. It never becomes the latest release."
        whole = "" if self.profile == "full" else ", or run with DGE_PROFILE=full"
        return (
            f"Less than the declaration's own numbers: {self.cuts_text}; for more raise `profiles.{self.profile}` in "
            f"it{whole}."
        )

    @property
    def dataset_test_share(self) -> float:
        """Share of a dataset's rows that becomes its own test part."""
        return self.declaration.dataset_test_share or self.declaration.test_share

    @property
    def seeds(self) -> int:
        """K of the largest family."""
        return max(self.members.values())

    def ks(self, family: str) -> tuple[int, ...]:
        """The nested ensemble sizes that are reported: those of `NESTED_KS` below K, and K itself."""
        K = self.members[family]
        return (*(k for k in NESTED_KS if k < K), K)

    def parameters(self, family: str) -> FamilyParameters:
        """The hyperparameters that `family` trains with."""
        parameters = self.families[family]
        assert isinstance(parameters, FamilyParameters)
        return parameters

    def algorithm(self, family: str) -> str:
        """The algorithm behind `family`."""
        return self.declaration.families[family].algorithm

    def card(self, family: str) -> FamilyCard:
        """The card of the algorithm behind `family`."""
        return self.declaration.families[family].card

    def effort(self, family: str) -> Effort | None:
        """How much `family` trains; None for a family without a unit of effort."""
        return self.card(family).effort_of(self.parameters(family))

    @property
    def efforts(self) -> dict[str, Effort | None]:
        """The effort of each family."""
        return {family: self.effort(family) for family in self.families}
