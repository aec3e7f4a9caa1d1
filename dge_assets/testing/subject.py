"""The family that is checked: how its tiny members are trained and sampled."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.encoding.modelling_frame import modelling_frame, with_categories
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import (
    SamplingRequest,
    TrainedMember,
    drawn_chunks,
    fit_members,
)
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.generators.state_files import to_files
from dge_assets.core.progress import Progress
from dge_assets.testing.tables import TinyTable, fitted_encoding

SEED = 3


class FamilyFault(AssertionError):  # noqa: N818 (it is no error of a program, but a finding)
    """A family does not keep to its interface."""


def require(holds: bool, otherwise: str) -> None:
    """FamilyFault with `otherwise` unless it `holds`."""
    if not holds:
        raise FamilyFault(otherwise)


def silent(_done: int, _of: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Subject:
    """A family by its card, with hyperparameters that train in a moment."""

    card: FamilyCard
    parameters: FamilyParameters

    @classmethod
    def of(cls, card: FamilyCard, given: Mapping[str, Any]) -> Subject:
        """A card with some hyperparameters, and as little effort as shows that it works."""
        effort = {} if card.effort is None else {card.effort.parameter: card.effort.trial}
        return cls(card, card.parameters.model_validate({**effort, **given}))

    def training(self, table: TinyTable, *seeds: int, **changes: Any) -> Training:
        """A training of members `seeds` on a table."""
        encoder, encoded = fitted_encoding(table)
        modelled = modelling_frame(encoder.codec, table.frame, table="checked")
        form: dict[str, Any] = (
            {"encoded": encoded}
            if self.card.learns == "encoded"
            else {"modelled": with_categories(encoder.codec, modelled)}
        )
        stated = {
            "table": "checked",
            "family": self.card.name,
            "seeds": seeds or (SEED,),
            "algorithm": self.card.name,
            "parameters": self.parameters,
            "encoder": encoder,
            **form,
        }
        return Training(**{**stated, **changes})

    def fit(self, training: Training, progress: Progress = silent) -> dict[int, TrainedMember]:
        """The members, as a worker process would give them: what goes in and out is pickled."""
        sent = pickle.loads(pickle.dumps(training))
        found: dict[int, TrainedMember] = pickle.loads(
            pickle.dumps(fit_members(self.card, sent, progress))
        )
        return found

    def member(self, table: TinyTable, seed: int = SEED, **changes: Any) -> TrainedMember:
        """One member on a table."""
        return self.fit(self.training(table, seed, **changes))[seed]

    def files(self, table: TinyTable, seed: int = SEED, **changes: Any) -> dict[str, bytes]:
        """The files of one member on a table."""
        return to_files(self.member(table, seed, **changes))

    def rows(
        self,
        member: TrainedMember,
        rows: int,
        *,
        seed: int = SEED,
        most: int = 10_000,
        **other: Any,
    ) -> pd.DataFrame:
        """A dataset of a member."""
        return pd.concat(
            self.chunks(member, rows, seed=seed, most=most, **other), ignore_index=True
        )

    def chunks(
        self, member: TrainedMember, rows: int, *, seed: int = SEED, most: int, **other: Any
    ) -> list[pd.DataFrame]:
        """A dataset of a member in its parts."""
        request = SamplingRequest(
            table="checked",
            family=self.card.name,
            seed=seed,
            state=member.state,
            codec=member.codec,
            rows=rows,
            settings=self.parameters.of_sampling(),
            **other,
        )
        return list(drawn_chunks(self.card, request, most=most))


def differing(first: Mapping[str, bytes], second: Mapping[str, bytes]) -> list[str]:
    """Names of files that are not the same in both."""
    return sorted(n for n in {*first, *second} if first.get(n) != second.get(n))


def same_arrays(first: Mapping[str, Any], second: Mapping[str, Any], *, to_rounding: bool) -> bool:
    """Whether two states hold the same numbers: bitwise, or as sums in another order give them."""
    if set(first) != set(second):
        return False
    if not to_rounding:
        return all(np.array_equal(first[name], second[name]) for name in first)
    return all(np.allclose(first[n], second[n], rtol=0.02, atol=0.02) for n in first)
