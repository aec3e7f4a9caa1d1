"""One table in which single people stand out in every way there is, its line run for real, and
every byte searched.

Searched are all places but those that hold real rows by their purpose (lake, artifacts, warehouse,
see `docs/disclosure.md`): releases, reports and pages of checks, Dagster's storage, what is printed
and logged, what is raised. Parquet is read and SQLite is queried, since both may compress what they
hold.
"""

from __future__ import annotations

import io
import logging
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dge_assets.core.generators.card import FamilyCard
from dge_assets.core.generators.registry import own_cards
from dge_assets.core.rows.split import split_real
from dge_assets.demo import reason_of
from tests.integration.conftest import Workshop
from tests.support.tables import column, contract

ROWS = 400
TABLE = "people"
CUSTODIANS = ("lake", "artifacts", "checkpoints", "cache", "warehouse.duckdb")
"""Of the tree below DGE_HOME: what holds real rows, in one form or another."""

CANARIES = {
    "an address that occurs twice": "canary.twice@example.org",
    "an address": "canary7@example.org",
    "a free text": "canarynote 11",
    "an id": "canaryid00031",
    "a level of one person": "canarytown",
    "a level that only real_test has": "canaryfield",
    "a level that is rare in a sensitive column": "canaryplague",
    "an extreme income": "98765432",
    "an income with more digits than others": "1234.5678",
    "a lowest income": "-7654321",
    "an early birth": "1901-02-03",
    "a birth to the millisecond": "11:22:33.444",
    "a constant's exception": "770018822",
    "a number in a column of few": "880099",
}


def people() -> pd.DataFrame:
    """One row per person; the first rows stand out, but for one that is known to be in real_test."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"canaryid{i:05d}" for i in range(ROWS)],
            "email": ["canary.twice@example.org"] * 2
            + [f"canary{i}@example.org" for i in range(2, ROWS)],
            "note": [f"canarynote {i // 2}" for i in range(ROWS)],
            "town": rng.choice(["Rome", "Oslo"], ROWS).astype(object),
            "illness": rng.choice(["none", "flu"], ROWS).astype(object),
            "smokes": rng.random(ROWS) < 0.01,
            "income": rng.lognormal(8, 0.4, ROWS).round(2),
            "born": pd.Timestamp("1960-01-01")
            + pd.to_timedelta(rng.integers(0, 15_000, ROWS), unit="D"),
            "constant": 5,
            "visits": rng.integers(0, 9, ROWS),
            "answer": rng.choice(["no", "yes"], ROWS),
        }
    )
    train, test = split_positions(frame)
    frame["born"] = frame["born"].astype("datetime64[ns]")
    frame.loc[train[0], ["town", "income", "visits"]] = ["canarytown", 98765432.25, 880099]
    frame.loc[train[1], ["income", "constant"]] = [1234.567891, 770018822]
    frame.loc[train[2], "income"] = -7654321.5
    frame.loc[train[3], "born"] = pd.Timestamp("1901-02-03")
    frame.loc[train[4], "born"] = pd.Timestamp("1970-05-05 11:22:33.444")
    frame.loc[train[10:24], "illness"] = "canaryplague"
    frame.loc[test[:3], "town"] = "canaryfield"
    return frame


def split_positions(frame: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Which rows go to real_train and to real_test: by the table's name, its length and its target
    alone.
    """
    agreed = contract("answer", column("answer", "categorical", categories=("no", "yes")))
    parts = split_real(frame[["answer"]].astype("category"), agreed, test_share=0.2, table=TABLE)
    return parts[0]["row_id"].to_numpy(), parts[1]["row_id"].to_numpy()


def quick(card: FamilyCard) -> dict[str, int]:
    """As little effort as a family takes."""
    asked = {"batch_size": 100, **({card.effort.parameter: 1} if card.effort else {})}
    return {name: value for name, value in asked.items() if name in card.parameters.model_fields}


def attributes(**changes: Any) -> dict[str, Any]:
    return {
        "table": TABLE,
        "source": {"type": "csv", "path": "people.csv"},
        "contract": {"target": "answer", "sensitive": ["illness"]},
        "families": {name: quick(card) for name, card in own_cards().items()},
        "seeds": 2,
        "models": ["lr"],
        "augmentation": {"models": ["lr"], "real_rows": [40], "repeats": 2},
        "thresholds": {"constraint_share": 0.99},
        **changes,
    }


FAILING: dict[str, dict[str, Any]] = {
    "range": {
        "columns": {"income": {"minimum": 0, "maximum": 1_000_000}, "visits": {"maximum": 100}}
    },
    "level": {
        "columns": {
            "town": {"categories": ["Rome", "Oslo"]},
            "illness": {"categories": ["none", "flu"]},
        }
    },
    "relation": {"constraints": [{"left": "income", "operator": "<", "right": "constant"}]},
    "unique": {"columns": {"email": {"kind": "id"}}},
    "number": {"columns": {"note": {"kind": "integer"}, "illness": {"kind": "continuous"}}},
    "moment": {"columns": {"email": {"kind": "datetime"}}},
    "flag": {"columns": {"town": {"kind": "boolean"}}},
}
"""Declarations that the table breaks; each is checked, or refused, with the rows that break it at
hand.
"""


@dataclass(frozen=True)
class Told:
    """All that was told, by place."""

    shop: Workshop
    texts: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("canaries")
    people().to_csv(folder / "people.csv", index=False)
    (folder / "dagster").mkdir()
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    logging.getLogger("dge.progress").addHandler(handler)
    texts = {}
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance,
    ):
        patch.setattr("sys.stdout", said)
        patch.setattr("sys.stderr", said)
        shop = Workshop(folder, instance, attributes())
        result = shop.run()
        assert result.success, reason_of(result)
        for name, declared in FAILING.items():
            broken = shop.declare(contract={**shop.attributes["contract"], **declared})
            failed = broken.materialize("source")
            assert not failed.success or not all(
                e.passed for e in failed.get_asset_check_evaluations()
            ), name
            texts[f"raised by {name}"] = "\n".join(
                str(event.event_specific_data) for event in failed.all_events
            )
            texts[f"printed for {name}"] = reason_of(failed)
        logging.getLogger().removeHandler(handler)
        logging.getLogger("dge.progress").removeHandler(handler)
        texts["printed and logged"] = said.getvalue()
        texts |= {str(path.relative_to(folder)): text_of(path) for path in searched(folder)}
        yield Told(shop, texts)
    shutil.rmtree(folder)


def searched(folder: Path) -> Iterator[Path]:
    """All files but the source itself and those that hold real rows by their purpose."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if (
            path.is_file()
            and parts != ("people.csv",)
            and not (parts[0] == "home" and parts[1] in CUSTODIANS)
        ):
            yield path


def text_of(path: Path) -> str:
    data = path.read_bytes()
    plain = data.decode("utf-8", errors="replace")
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        return f"{plain} {file.metadata.metadata} {file.read().to_pandas().to_csv()}"
    return plain + (rows_of(path) if data.startswith(b"SQLite format 3") else "")


def rows_of(path: Path) -> str:
    """Every cell of a SQLite file; what is compressed is opened."""
    with sqlite3.connect(path) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'")
        ]
        rows = [row for name in tables for row in connection.execute(f'select * from "{name}"')]
    return "\n".join(opened(cell) for row in rows for cell in row)


def opened(cell: object) -> str:
    if not isinstance(cell, bytes):
        return str(cell)
    try:
        return zlib.decompress(cell).decode("utf-8", errors="replace")
    except zlib.error:
        return cell.decode("utf-8", errors="replace")


@pytest.mark.parametrize("what", CANARIES)
def test_no_place_tells_of_one_person(told: Told, what: str) -> None:
    found = {
        place: context(text, CANARIES[what])
        for place, text in told.texts.items()
        if CANARIES[what] in text
    }
    assert not found, what


def context(text: str, canary: str) -> str:
    start = text.index(canary)
    return text[max(start - 150, 0) : start + 60]


def test_the_search_sees_what_there_is(told: Told) -> None:
    """Else it would pass for having looked nowhere."""
    kinds = ("releases", "reports", "dagster", "raised", "printed")
    assert all(any(kind in place for place in told.texts) for kind in kinds)
    assert any(
        "Rome" in text for place, text in told.texts.items() if place.endswith("data.parquet")
    )
    storage = "".join(text for place, text in told.texts.items() if place.endswith(".db"))
    assert "real_train" in storage


def test_datasets_hold_no_number_and_no_moment_that_few_rows_reach(told: Told) -> None:
    frames = [
        pd.read_parquet(path) for path in Path(told.shop.home).rglob("releases/**/data.parquet")
    ]
    drawn = pd.concat(frames, ignore_index=True)
    real = people()
    assert set(drawn.columns) == {
        "town",
        "illness",
        "smokes",
        "income",
        "born",
        "constant",
        "visits",
        "answer",
        "record_id",
    }
    assert set(drawn["town"].dropna()) <= {"Rome", "Oslo"}
    assert set(drawn["illness"].dropna()) <= {"none", "flu"}
    assert not drawn["smokes"].any(), "True in few rows is told of nobody"
    assert drawn["constant"].eq(5).all()
    for name in ("income", "born", "visits"):
        beyond = (real[name].nsmallest(9).max(), real[name].nlargest(9).min())
        assert drawn[name].between(*beyond).all(), f"{name} reaches what fewer than 10 rows reach"
    assert np.array_equal(drawn["income"], drawn["income"].round(2)), (
        "the grid is not that of one row"
    )
    assert (drawn["born"] == drawn["born"].dt.floor("D")).all(), "nor is the unit of time"
