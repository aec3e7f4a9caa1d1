"""Members of this project's families on a plain frame, for benchmarks that need no Dagster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dge_assets.core.contract.completion import complete_contract
from dge_assets.core.contract.contract import Contract, ContractDeclaration
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import (
    SamplingRequest,
    TrainedMember,
    sample_chunks,
    train_members,
)
from dge_assets.core.generators.registry import family_card, family_code, parameters_for


def silent(_done: int, _of: int) -> None:
    """A report of progress that nobody watches."""


def contract_of(frame: pd.DataFrame, target: str) -> Contract:
    """The contract that is inferred from `frame`."""
    return complete_contract(ContractDeclaration(target=target), frame, table="benchmark").contract


def training_task(
    frame: pd.DataFrame,
    target: str,
    *,
    family: str,
    seeds: tuple[int, ...],
    settings: Mapping[str, Any],
) -> Training:
    """A task for members `seeds` on `frame`, with its encoding fitted here."""
    contract = contract_of(frame, target)
    encoder, encoded = fit_encoder(frame, contract, table="benchmark")
    return Training(
        table="benchmark",
        family=family,
        seeds=seeds,
        algorithm=family,
        parameters=parameters_for(family, dict(settings)),
        encoder=encoder,
        encoded=encoded,
    )


def new_trainer(task: Training) -> Any:
    """The trainer of a task's family with one member that has learnt nothing."""
    family: Any = family_code(family_card(task.algorithm))
    seeds = [np.random.SeedSequence(0)]
    return family.trainer(task.encoded, task.parameters, seeds, device="cpu")


def sampled(
    task: Training,
    member: TrainedMember,
    seed: int,
    rows: int,
    settings: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """`rows` rows of one trained member, by other `settings` of sampling than the task's where they
    are given.
    """
    wanted = SamplingRequest(
        table=task.table,
        family=task.family,
        seed=seed,
        state=member.state,
        codec=member.codec,
        rows=rows,
        settings={**task.parameters.of_sampling(), **(settings or {})},
    )
    return pd.concat(list(sample_chunks(wanted)), ignore_index=True)


def member_rows(
    frame: pd.DataFrame,
    target: str,
    *,
    family: str,
    seed: int,
    rows: int,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """Train one member on `frame` and draw `rows` rows from it."""
    task = training_task(frame, target, family=family, seeds=(seed,), settings=settings)
    (member,) = train_members(task, silent).values()
    return sampled(task, member, seed, rows)
