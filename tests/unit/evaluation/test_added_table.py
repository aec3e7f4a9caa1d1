"""What adding an evaluation table takes: its function, its card, its test, and nothing else.

Four tables are added by their cards alone (`tests/support/added_tables.py`), one of each grain, and
go the whole way: asset, evaluation, warehouse, report, release.
"""

from __future__ import annotations

import ast
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from dge_assets.assets.ensemble import Ensemble
from dge_assets.assets.evaluation import evaluation_assets
from dge_assets.assets.evaluation_pictures import drawn_once
from dge_assets.assets.evaluation_tables import Results, evaluation_frames
from dge_assets.assets.line import CODE_VERSIONS, Line
from dge_assets.assets.release import released_tables
from dge_assets.automation import table_jobs
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.core.evaluation.family_model import predict_oracle, score_family_model
from dge_assets.core.reporting.page.report import render_report
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.page.sections import BEFORE_ADDED
from dge_resources.home import Store
from dge_resources.lake import Lake
from dge_resources.records import Recorded, recorded
from dge_resources.warehouse import Warehouse
from tests.support.added_tables import ADDED, MEMBER_ROWS
from tests.support.tables import recipe, tiny, tiny_contract
from tests.unit.evaluation.test_family_model import family_task, oracle_task, silent

ROOT = Path(__file__).parents[3]
SEEDS = (0, 1)
WIDER = CATALOGUE.with_cards(*ADDED)
DECLARED = {
    "table": "crash",
    "source": {"type": "csv", "path": "crash.csv"},
    "contract": {"target": tiny_contract().target},
    "families": {"ctgan": {}},
    "models": ["lr"],
    "seeds": len(SEEDS),
}
LINE = Line(TableDeclaration.model_validate(DECLARED).plan("full"), "", catalogue=WIDER)


def kept(
    frame: pd.DataFrame, asset: str, family: str | None = None, seed: int | None = None
) -> Recorded:
    contract = {"contract": tiny_contract().model_dump(mode="json")}
    return recorded(frame, recipe(asset, family, seed, parameters=contract), run_id="r")


def evaluated(seeds: tuple[int, ...]) -> dict[str, pd.DataFrame]:
    """All tables of a line that has these members."""
    task = family_task(list(seeds), ks=(len(seeds),), cards=WIDER.made_per("pair"))
    results = Results(
        oracles={"lr": predict_oracle(oracle_task(), silent)},
        scores={"ctgan/lr": score_family_model(task, silent)},
        augmented={},
    )
    ensemble = Ensemble(
        real_train=kept(task.real_train, "real_train"),
        real_test=kept(task.real_test, "real_test"),
        datasets={
            "ctgan": {
                seed: kept(frame, "synthetic", "ctgan", seed)
                for seed, frame in task.datasets.items()
            }
        },
        models={},
        cpu_seconds={},
    )
    return evaluation_frames(LINE, ensemble, results)


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return evaluated(SEEDS)


def test_each_card_has_an_asset_with_its_description_and_columns() -> None:
    asset = evaluation_assets(LINE)
    (job,) = (job for stage, job in table_jobs(LINE).items() if stage == "evaluate")
    for card in WIDER:
        spec = asset.specs_by_key[dg.AssetKey(["crash", card.name])]
        assert spec.description == card.description
        columns = spec.metadata["dagster/column_schema"].columns
        assert [column.name for column in columns] == card.column_names
        assert all(column.description for column in columns)
        assert f'key:"crash/{card.name}"' in str(job.selection.to_selection_str())


def test_each_card_has_its_table_of_its_types(frames: dict[str, pd.DataFrame]) -> None:
    assert set(frames) == set(WIDER.names)
    for card in WIDER:
        assert list(frames[card.name].columns) == card.column_names
        assert not frames[card.name].duplicated(list(card.keys)).any()
    assert frames["member_rows"].to_numpy().tolist() == [
        ["ctgan", "lr", seed, 120] for seed in SEEDS
    ]
    assert frames["family_rows"].to_numpy().tolist() == [["ctgan", 240]]
    assert frames["model_members"].to_numpy().tolist() == [["lr", 2]]
    assert {"training_scores", "member_rows"} <= set(frames["filled_tables"]["filled"])
    told = frames["evaluation"].set_index("evaluation_table")
    assert told["row_count"]["member_rows"] == len(SEEDS)
    assert told["description"]["member_rows"] == MEMBER_ROWS.description


def test_a_table_that_has_nothing_to_tell_has_its_columns_all_the_same() -> None:
    empty = evaluated((0,))["member_rows"]
    assert empty.dtypes.astype(str).to_dict() == MEMBER_ROWS.types
    assert len(empty) == 0


def test_each_card_has_a_relation_of_the_warehouse(
    frames: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    store = Store(str(tmp_path))
    for name in ("member_rows", "filled_tables", "prediction_map"):
        Lake(store).write(recorded(frames[name], recipe(name), run_id="r"))
    built = Warehouse(store, WIDER).build()
    with duckdb.connect(built.url, read_only=True) as warehouse:
        for name in ("member_rows", "filled_tables", "prediction_map"):
            described = warehouse.sql(f"describe crash.{name}").fetchall()
            assert [column for column, *_ in described] == WIDER[name].column_names
            (comment,) = warehouse.execute(
                "select comment from duckdb_tables() where table_name = ?", [name]
            ).fetchall()
            assert comment == (WIDER[name].description,)
            said = "select column_name, comment from duckdb_columns() where table_name = ?"
            assert dict(warehouse.execute(said, [name]).fetchall()) == {
                column.name: column.meaning for column in WIDER[name].columns
            }
        assert warehouse.sql("select sum(row_count) from crash.member_rows").fetchall() == [(240,)]


def test_each_card_has_its_place_in_the_report_and_its_pictures(
    frames: dict[str, pd.DataFrame],
) -> None:
    page = render_report(ReportInput(table="t", title="T", tables=frames, catalogue=WIDER))
    assert '<li><a href="#sizes">How large</a></li>' in page
    assert f"<caption>{MEMBER_ROWS.description}</caption>" in page
    assert "One member is no choice." not in page
    tables = {name: recorded(frame, recipe(name), run_id="r") for name, frame in frames.items()}
    drawn = drawn_once(MEMBER_ROWS, tables, kept(tiny(20), "real_test"))
    assert [figure.title for figure in drawn] == ["2 datasets"]


def test_a_release_carries_it_as_its_card_says() -> None:
    assert released_tables(LINE) == ["training_scores", "evaluation_scores", "member_rows"]


MOST_NAMED = 3
"""Tables that a module may read by name. One that names more lists them again."""
OTHER_MEANINGS = {name for name, _ in BEFORE_ADDED} | set(CODE_VERSIONS)
"""Ids of sections and stages that some tables share their names with."""


def test_no_module_lists_the_tables_again() -> None:
    names = set(CATALOGUE.names) - OTHER_MEANINGS
    listing = {}
    for root in ("dge_assets", "dge_resources"):
        for path in sorted((ROOT / root).rglob("*.py")):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
            named = sorted(names & {text for text in texts if isinstance(text, str)})
            if len(named) > MOST_NAMED and path.name != "cards.py":
                listing[str(path.relative_to(ROOT))] = named
    assert listing == {}, "what is said of a table belongs on its card"
    pages = sorted((ROOT / "dge_assets").rglob("*.j2"))
    quoted = [
        (path.name, name)
        for path in pages
        for name in names
        if f"'{name}'" in path.read_text(encoding="utf-8")
    ]
    assert pages
    assert quoted == []
