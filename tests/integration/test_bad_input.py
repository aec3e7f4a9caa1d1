"""Bad input: one clear error that names the place, what was found and how to mend it, before any
training starts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.errors import DgeError
from dge_assets.demo import reason_of
from dge_resources.lake import Address
from tests.integration.conftest import Workshop, visits_frame

SMALL = {"families": {"tvae": {"epochs": 30, "batch_size": 100}}, "seeds": 1}


def fails(shop: Workshop, *parts: str) -> None:
    """The line fails with all of `parts` in its one message, and nothing was trained or left
    half-written.
    """
    result = shop.run("train")
    assert not result.success
    message = reason_of(result)
    for part in parts:
        assert part in message, message
    assert not (Path(shop.home) / "artifacts").exists()
    assert not list((Path(shop.home) / ".tmp-work").rglob("*.tmp*"))


def contract(**changes: Any) -> dict[str, Any]:
    return {"target": "readmitted", "columns": {"visit": {"kind": "id"}}, **changes}


def rewrite(shop: Workshop, frame: pd.DataFrame) -> Workshop:
    frame.to_csv(shop.folder / "visits.csv", index=False)
    return shop.declare(**SMALL)


def test_a_missing_file(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, source={"type": "csv", "path": "visit.csv"})
    fails(shop, "table 'visits'", "visit.csv", "visits.csv")


def test_an_unreachable_url(workshop: Workshop) -> None:
    shop = workshop.declare(
        **SMALL, source={"type": "csv", "path": "http://127.0.0.1:9/visits.csv"}
    )
    fails(shop, "table 'visits'", "http://127.0.0.1:9/visits.csv", "refused")


def test_an_empty_table(workshop: Workshop) -> None:
    fails(rewrite(workshop, visits_frame().iloc[:0]), "table 'visits'", "0 rows")


def test_a_target_that_is_not_there(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, contract=contract(target="readmited"))
    fails(shop, "contract.target", "no column 'readmited'", "did you mean 'readmitted'?")


def test_a_statistic_of_a_column_that_is_not_there(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, statistics=[{"type": "mean", "column": "visit"}])
    fails(shop, "statistics.0 (mean)", "no modelled column 'visit'", "allowed: ['age'")


def test_a_task_that_does_not_fit_the_target(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, contract=contract(task="regression"))
    fails(
        shop,
        "task regression needs a numeric target",
        "'readmitted' is categorical",
        "task: binary",
    )
    shop = workshop.declare(**SMALL, contract=contract(target="street", task="binary"))
    fails(shop, "needs exactly 2 classes, found 40", "task: multiclass")


def test_one_class_only(workshop: Workshop) -> None:
    fails(
        rewrite(workshop, visits_frame().assign(readmitted="yes")),
        "'readmitted'",
        "at least 2 classes, found 1",
    )


def test_a_missing_target_value(workshop: Workshop) -> None:
    frame = visits_frame()
    frame.loc[:2, "readmitted"] = np.nan
    shop = rewrite(workshop, frame)
    fails(shop, "target 'readmitted': missing in 3 of 240 rows", "missing_target: drop")


def test_rows_without_a_target_are_dropped_where_declared(workshop: Workshop) -> None:
    frame = visits_frame()
    frame.loc[:2, "readmitted"] = np.nan
    shop = rewrite(workshop, frame).declare(contract=contract(missing_target="drop"))
    assert shop.materialize("source").success
    assert len(shop.storage.lake.read(Address("visits", "source")).frame) == 237


def test_fewer_rows_than_a_split_needs(workshop: Workshop) -> None:
    fails(rewrite(workshop, visits_frame(rows=12)), "table 'visits'", "has 12 rows", "at least 20")


def test_a_class_with_one_row(workshop: Workshop) -> None:
    frame = visits_frame()
    frame["readmitted"] = np.where(frame.index == 7, "maybe", frame["readmitted"])
    shop = rewrite(workshop, frame).declare(contract=contract(task="multiclass"))
    fails(shop, "'readmitted'", "1 of 3 classes", "fewer than 2 rows")


def test_a_contract_that_the_data_violates_blocks_and_leaves_what_was_there(
    workshop: Workshop,
) -> None:
    shop = workshop.declare(**SMALL)
    assert shop.materialize("source", "real_train", "real_test").success
    before = shop.storage.lake.read(Address("visits", "real_train")).record.record_id
    frame = visits_frame()
    frame.loc[3, "age"] = 150
    frame.to_csv(shop.folder / "visits.csv", index=False)
    result = shop.run("train")
    assert not result.success
    (check,) = [item for item in result.get_asset_check_evaluations() if not item.passed]
    assert check.check_name == "contract"
    assert "'age'" in str(check.description)
    assert "such as row 4" in str(check.description)
    assert "150" not in str(check.description), "no cell is quoted"
    failures = check.metadata["failures"].value
    assert failures[0]["column"] == "age"
    assert failures[0]["rows"] == [4]
    assert "between" in failures[0]["engine_type"]
    assert Path(str(check.metadata["data_docs"].value)).exists()
    assert shop.storage.lake.read(Address("visits", "real_train")).record.record_id == before


def test_declared_thresholds_let_a_few_real_rows_pass(workshop: Workshop) -> None:
    columns = {"visit": {"kind": "id"}, "age": {"minimum": 0, "maximum": 120}}
    frame = visits_frame()
    frame.loc[3, "age"] = 150

    def verdict() -> tuple[bool, str]:
        (check,) = shop.materialize("source").get_asset_check_evaluations()
        return check.passed, str(check.description)

    shop = rewrite(workshop, frame).declare(contract=contract(columns=columns))
    passed, told = verdict()
    assert not passed
    for way in (
        "What to try: mend the rows",
        "`drop` the column",
        "`thresholds: {range_share: ..., constraint_share: ...}`",
    ):
        assert way in told
    shop = shop.declare(thresholds={"range_share": 0.01})
    assert verdict()[0]


def test_values_that_are_not_of_the_declared_kind(workshop: Workshop) -> None:
    columns = {"visit": {"kind": "id"}, "Ort": {"kind": "integer"}}
    fails(
        workshop.declare(**SMALL, contract=contract(columns=columns)),
        "column 'Ort'",
        "integer",
        "rows ",
    )


def test_a_duplicate_column(workshop: Workshop) -> None:
    text = (workshop.folder / "visits.csv").read_text().splitlines()
    text[0] = text[0].replace("insured", "age")
    (workshop.folder / "visits.csv").write_text("\n".join(text))
    fails(workshop.declare(**SMALL), "table 'visits'", "age")


def test_a_column_named_like_ours(workshop: Workshop) -> None:
    fails(rewrite(workshop, visits_frame().rename(columns={"age": "seed"})), "seed", "rename")


def test_too_many_levels_where_that_is_an_error(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, many_levels="error", max_levels=10)
    result = shop.run("train")
    assert not result.success
    assert "column 'street': 40 levels, more than max_levels=10" in reason_of(result)


def test_a_damaged_generator_is_refused_and_made_anew(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL)
    assert shop.run("train").success
    (weights,) = (Path(shop.home) / "artifacts").rglob("weights.safetensors")
    whole = weights.read_bytes()
    for damaged in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:40], b"import os"):
        weights.write_bytes(damaged)
        with pytest.raises(
            DgeError, match=r"visits/tvae/generator\[000\]: file weights.safetensors has SHA-256"
        ):
            shop.storage.artifacts.read(Address("visits", "generator", "tvae", 0))
    assert shop.run("train").success, "a damaged member is made anew"
    assert shop.storage.artifacts.read(Address("visits", "generator", "tvae", 0)).files


def test_a_failed_check_keeps_the_release_back(workshop: Workshop) -> None:
    """A dataset that a check never saw, or that failed one, is not released."""
    shop = workshop.declare(**SMALL)
    assert shop.run().success
    (page,) = (Path(shop.home) / "reports" / "visits" / "quality").glob(
        "synthetic--contract--tvae-000.json"
    )
    verdicts = shop.storage.verdicts
    (given,) = [
        each
        for each in verdicts.survey("visits").verdicts
        if (each.check, each.member) == ("contract", "tvae/000")
    ]
    verdicts.write(replace(given, passed=False))
    result = shop.run("release")
    assert not result.success
    assert "check contract on tvae/000 failed" in reason_of(result)
    page.unlink()
    assert "was not run on what is to be released" in reason_of(shop.run("release"))


def test_a_manual_release_wants_a_name(workshop: Workshop) -> None:
    shop = workshop.declare(**SMALL, release={"sign_off": "manual"})
    assert "requires a person's sign-off" in reason_of(shop.run())
    config = {"ops": {"visits__release": {"config": {"signed_off_by": "Ada"}}}}
    assert shop.run("release", config=config).success
    assert shop.storage.releases.open("visits").manifest["sign_off"]["signed_off_by"] == "Ada"
