"""Members that learnt hostile columns of numbers keep the contract, the grids and the frequent
values.
"""

from __future__ import annotations

import numpy as np

from dge_assets.core.generators.members import SamplingRequest, sample_chunks
from dge_resources.quality import Tolerance, contract_suite, validate
from tests.support.hostile_numbers import hostile_numbers, table_of
from tests.unit.conftest import encoded_of, train_one, training_task

NAMES = (
    "micro",
    "whole span",
    "zeros",
    "price, gaps",
    "hours",
    "nanoseconds",
    "near 2^63, gaps",
    "all of int64",
    "far dates",
)


def test_a_dataset_of_hostile_columns_keeps_its_contract() -> None:
    columns = hostile_numbers()
    frame, agreed = table_of({name: columns[name] for name in NAMES})
    table = encoded_of(frame, agreed)
    member = train_one(training_task("tvae", 0, table=table))
    task = SamplingRequest(
        table="kinds", family="tvae", seed=0, state=member.state, codec=member.codec, rows=400
    )
    (dataset,) = sample_chunks(task)
    suite = contract_suite(agreed, subject="synthetic", tolerance=Tolerance())
    outcome = validate(dataset, suite, name="hostile")
    assert outcome.passed, outcome.summary
    assert np.round(dataset["price, gaps"].dropna(), 2).equals(dataset["price, gaps"].dropna())
    assert (dataset["hours"] == dataset["hours"].dt.floor("h")).all()
    assert 0.3 < (dataset["zeros"] == 0).mean() < 1
