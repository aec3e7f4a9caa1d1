"""Every headline score of the shipped tables, made anew from the warehouse's rows without the
project's code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dge_assets.declarations import read_declaration
from tests.integration.conftest import Workshop
from tests.support.recomputing import recomputed

TABLES = Path(__file__).resolve().parents[2] / "dge_assets" / "tables"


def test_scores_of_an_odd_table_are_those_of_scikit_learn_alone(finished: Workshop) -> None:
    """With gaps, moments, flags and levels too many to be told apart."""
    attributes = finished.attributes
    warehouse = Path(finished.home) / "warehouse.duckdb"
    found = recomputed(
        warehouse, "visits", attributes["contract"]["target"], max_levels=attributes["max_levels"]
    )
    assert set(found["approach"]) == {
        "oracle",
        "naive_single",
        "naive_ensemble",
        "naive_concat",
        "dge_3",
    }
    np.testing.assert_allclose(found["again"], found["value"], atol=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("table", ["moons", "breast_cancer", "crash"])
def test_headline_scores_are_those_of_scikit_learn_alone(table: str, tmp_path: Path) -> None:
    contract = read_declaration(TABLES / table / "defs.yaml").contract
    levels = ("frontal", "deploy") if table == "crash" else ()
    assert all(contract.columns[name].kind == "categorical" for name in levels), (
        "0 and 1 that are declared to be levels"
    )
    environment = {
        **os.environ,
        "DGE_PROFILE": "smoke",
        "DGE_HOME": str(tmp_path),
        "DGE_TABLES": str(TABLES),
    }
    subprocess.run(
        [sys.executable, "-m", "dge_assets.demo", table],
        env=environment,
        check=True,
        capture_output=True,
    )
    found = recomputed(
        tmp_path / "warehouse.duckdb", table, str(contract.target), categories=levels
    )
    assert set(found["model"]) == {"lr", "gbdt"}
    assert set(found["family"]) == {"cart", "ctgan", "tvae"}
    np.testing.assert_allclose(found["again"], found["value"], atol=1e-5)
