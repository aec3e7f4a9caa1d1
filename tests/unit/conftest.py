"""Trained members that several test modules share: two families, one epoch, 200 rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from dge_assets.core.contract.contract import Contract
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import TrainedMember, train_members
from dge_assets.core.generators.registry import look_again, parameters_for
from tests.support.plugins import CARD, write_installed
from tests.support.tables import every_kind, every_kind_contract, with_ranges

SMALL: dict[str, dict[str, object]] = {
    "ctgan": {
        "epochs": 2,
        "batch_size": 100,
        "generator_dim": [16],
        "discriminator_dim": [16],
        "embedding_dim": 8,
    },
    "tvae": {
        "epochs": 2,
        "batch_size": 100,
        "compress_dims": [16],
        "decompress_dims": [16],
        "embedding_dim": 8,
    },
}
"""Hyperparameters that train in a tenth of a second."""


def silent(done: int, of: int) -> None:
    """Nobody watches."""


@cache
def _encoded_kinds() -> tuple[TableEncoder, EncodedTable]:
    return encoded_of(every_kind(), with_ranges(every_kind_contract(), every_kind()))


def encoded_of(frame: pd.DataFrame, agreed: Contract) -> tuple[TableEncoder, EncodedTable]:
    """The fitted encoding of a small table."""
    return fit_encoder(frame, agreed, table="kinds")


def training_task(
    family: str,
    *seeds: int,
    table: tuple[TableEncoder, EncodedTable] | None = None,
    **other: object,
) -> Training:
    """A task on an encoded table, that of every kind if none is given."""
    encoder, encoded = table or _encoded_kinds()
    stated: dict[str, object] = {
        "table": "kinds",
        "family": family,
        "seeds": seeds,
        "algorithm": family,
        "parameters": parameters_for(family, SMALL[family]),
        "encoder": encoder,
        "encoded": encoded,
    }
    return Training(**{**stated, **other})  # type: ignore[arg-type]


def train_one(task: Training) -> TrainedMember:
    """The only member of a task."""
    (member,) = train_members(task, silent).values()
    return member


@pytest.fixture(scope="session", params=sorted(SMALL))
def trained(request: pytest.FixtureRequest) -> tuple[Training, TrainedMember]:
    """Member 3 of each family on the table of every kind."""
    task = training_task(request.param, 3)
    return task, train_one(task)


Written = Callable[..., None]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Writes packages down as installed, and has them looked for."""

    def write(
        code: str, point: str = "forest = dge_forest:CARD", package: str = "dge-forest"
    ) -> None:
        write_installed(tmp_path / "site", package, point, CARD + code)
        look_again()

    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "dge_forest", raising=False)
    yield write
    monkeypatch.undo()
    look_again()
