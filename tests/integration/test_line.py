"""The whole line on a small odd table: what it keeps, what it releases, what lineage says."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dge_assets.assets.line import CODE_VERSIONS, contract_of
from dge_assets.core.evaluation.catalogue import CATALOGUE
from dge_assets.demo import reason_of
from dge_resources.lake import Address
from dge_resources.releases import Releases
from tests.integration.conftest import ODD_NAME, Workshop

RELATIONS = {"source", "real_train", "real_test", "synthetic", "lineage", *CATALOGUE.names}


@pytest.fixture
def warehouse(finished: Workshop) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(finished.storage.warehouse.url, read_only=True)


def test_the_warehouse_has_the_relations_of_the_contract(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = {
        name
        for (name,) in warehouse.sql("select table_name from information_schema.tables").fetchall()
    }
    assert found >= RELATIONS
    columns = {
        name: str(kind)
        for name, kind, *_ in warehouse.sql('describe "visits"."synthetic"').fetchall()
    }
    assert columns["seed"] == "INTEGER"
    assert {"family", "record_id", ODD_NAME, "Ort"} <= set(columns)
    assert "visit" not in columns, "ids are never synthesized"
    scores = list(warehouse.sql('select * from "visits"."training_scores"').columns)
    interval = ["low", "high", "over", "reason"]
    expected = [f"expected_{name}" for name in interval]
    assert scores == ["family", "model", "approach", "metric", "value", "std", *interval, *expected]
    empty = {
        name: str(kind)
        for name, kind, *_ in warehouse.sql('describe "visits"."prediction_map"').fetchall()
    }
    assert (empty["family"], empty["predicted"], empty["mean"]) == ("VARCHAR", "VARCHAR", "DOUBLE")


def test_from_any_row_one_query_tells_generator_seed_code_and_table(
    finished: Workshop, warehouse: duckdb.DuckDBPyConnection
) -> None:
    row = warehouse.sql(
        """select l.asset, l.family, l.seed, l.code_version, l.table_fingerprint, s.seed as of_seed
           from (select * from visits.synthetic where family = 'tvae' and seed = 2 limit 1) s
           join visits.origin_of l on l.of_record_id = s.record_id
           where l.asset in ('generator', 'source') order by l.asset"""
    ).fetchall()
    source = finished.storage.lake.read(Address("visits", "source"))
    fingerprint = source.record.table_fingerprint
    assert [item[:5] for item in row] == [
        ("generator", "tvae", 2, CODE_VERSIONS["generator"], fingerprint),
        ("source", None, None, CODE_VERSIONS["source"], fingerprint),
    ]


def test_types_and_gaps_are_synthesized_as_the_table_has_them(finished: Workshop) -> None:
    real = finished.storage.lake.read(Address("visits", "real_train")).frame
    made = finished.storage.lake.read(Address("visits", "synthetic", "ctgan", 0)).frame
    assert len(made) == len(real)
    for name in made.columns:
        assert made[name].dtype == real[name].dtype, name
    assert made["age"].between(0, 120).all()
    assert 0 < made[ODD_NAME].isna().mean() < 1
    assert set(made["country"]) == {"DE"}
    assert (made["day of visit"] == made["day of visit"].dt.normalize()).all()


def test_a_release_holds_no_real_row_and_nothing_of_the_custodian(finished: Workshop) -> None:
    folder = Path(finished.home) / "releases"
    reader = Releases(finished.storage.releases.store)
    release = reader.open("visits")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    kinds = {Path(name).name for name in files if "/datasets/" not in name}
    assert kinds == {
        "latest.json",
        "manifest.json",
        "contract.json",
        "lineage.json",
        "README.md",
        "training_scores.parquet",
        "evaluation_scores.parquet",
    }
    datasets = reader.datasets(release)
    assert sorted(datasets) == [(family, seed) for family in ("ctgan", "tvae") for seed in range(3)]
    source = finished.storage.lake.read(Address("visits", "source"))
    real = source.frame
    for name in files:
        text = (folder / name).read_bytes()
        assert not any(identity.encode() in text for identity in real["visit"]), name
        assert finished.home.encode() not in text, name
        assert source.record.table_fingerprint.encode() not in text, name
    lineage = {
        record["record_id"]: record
        for record in json.loads(reader.read_file(release, "lineage.json"))
    }
    linked = [parent for record in lineage.values() for parent in record["parents"]]
    assert set(linked) <= set(lineage), "every record that another names is there"
    contract = json.loads(reader.read_file(release, "contract.json"))
    by_name = {column["name"]: column for column in contract["columns"]}
    assert by_name["age"]["minimum"] == 0
    spent = by_name[ODD_NAME]
    assert (spent["minimum_by"], spent["maximum_by"]) == ("common", "common"), (
        "no row sets a bound by itself"
    )
    assert spent["minimum"] not in (real[ODD_NAME].min(), None)
    assert spent["maximum"] not in (real[ODD_NAME].max(), None)


def test_scores_compare_naive_and_dge_with_the_oracle(finished: Workshop) -> None:
    read = finished.storage.lake.read
    training = read(Address("visits", "training_scores")).frame
    assert set(training["approach"]) == {
        "oracle",
        "naive_single",
        "naive_ensemble",
        "naive_concat",
        "dge_3",
    }
    assert set(training["family"]) == {"ctgan", "tvae"}
    auc = training[training["metric"] == "auc"].set_index(["family", "approach"])["value"]
    assert auc["ctgan", "oracle"] == auc["tvae", "oracle"] > 0.8
    evaluation = read(Address("visits", "evaluation_scores")).frame
    assert set(evaluation["approach"]) == {"oracle", "naive", "dge_3"}
    cross = read(Address("visits", "cross_scores")).frame
    assert len(cross[cross["metric"] == "auc"]) == 2 * 3 * 3


def test_uncertainty_is_measured_for_each_approach_and_a_table_without_a_plane_has_no_map(
    finished: Workshop,
) -> None:
    read = finished.storage.lake.read
    table = read(Address("visits", "uncertainty")).frame
    values = table.set_index(["family", "approach", "quantity"])["value"]
    for family in ("ctgan", "tvae"):
        assert (
            values[family, "dge_3", "generator"] > values[family, "naive_single", "generator"] == 0
        )
        training = read(Address("visits", "training_scores")).frame.set_index(
            ["family", "approach", "metric"]
        )["value"]
        assert values[family, "dge_3", "ece"] == pytest.approx(training[family, "dge_3", "ece"])
    quality = read(Address("visits", "selection_quality")).frame
    assert quality["regret"].isna().all(), "one model class is no choice"
    assert read(Address("visits", "prediction_map")).frame.empty
    report = (Path(finished.home) / "reports" / "visits" / "report.html").read_text()
    assert "Risk against coverage" in report
    assert report.count("<h3>Members scored on each other&#39;s datasets, auc</h3>") == 1
    assert "Map, " not in report


def test_augmentation_and_intervals_are_kept_and_shown(finished: Workshop) -> None:
    read = finished.storage.lake.read
    augmented = read(Address("visits", "augmentation")).frame
    assert {"real_only", "real_naive", "real_dge_3"} <= set(augmented["approach"])
    assert set(augmented["family"]) == {"ctgan", "tvae"}
    intervals = read(Address("visits", "evaluation_intervals")).frame
    assert (intervals.dropna()["low"] <= intervals.dropna()["value"]).all()
    assert set(intervals["over"]) == {"models", "members"}
    report = (Path(finished.home) / "reports" / "visits" / "report.html").read_text()
    assert "gain over real only, positive is better" in report
    assert (
        "What the datasets claim, each model scored on those of the others, and its 95 % intervals"
        in report
    )


def test_real_test_is_disjoint_and_stratified(finished: Workshop) -> None:
    train, test = (
        finished.storage.lake.read(Address("visits", name)).frame
        for name in ("real_train", "real_test")
    )
    assert not set(train["row_id"]) & set(test["row_id"])
    assert len(train) + len(test) == 240
    shares = [part["readmitted"].value_counts(normalize=True)["yes"] for part in (train, test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_the_pages_of_assets_have_what_a_person_looks_for(finished: Workshop) -> None:
    def metadata(*path: str) -> dict[str, object]:
        event = finished.instance.get_latest_materialization_event(
            finished.line.key(path[-1], *path[:-1])
        )
        assert event is not None
        assert event.asset_materialization is not None
        return dict(event.asset_materialization.metadata)

    assert {"contract", "inferred", "dagster/row_count", "dagster/column_schema"} <= set(
        metadata("source")
    )
    assert {"dagster/column_lineage", "dge/record"} <= set(metadata("real_train"))
    assert {"loss_curves", "epochs", "seconds", "dge/record_id"} <= set(
        metadata("ctgan", "generator")
    )
    assert {"marginals", "dagster/row_count", "dagster/column_lineage"} <= set(
        metadata("ctgan", "synthetic")
    )
    assert {"chart Approaches, auc", "table"} <= set(metadata("training_scores"))
    assert {"chart Reliability", "table"} <= set(metadata("calibration"))
    assert "chart How many generators" in metadata("k_curve")
    assert "in words" in metadata("k_recommendation")
    assert "chart Do members err alike" in metadata("error_correlation")
    assert {"chart Members scored on each other's datasets, auc", "table"} <= set(
        metadata("cross_scores")
    )
    assert {"path", "headline"} <= set(metadata("report"))
    assert {"version", "sign_off", "path"} <= set(metadata("release"))


def test_what_is_said_of_the_whole_ensemble_covers_all_members(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    def ask(query: str) -> list[tuple[object, ...]]:
        return warehouse.sql(query).fetchall()

    families = "select distinct family from visits.{} order by 1"
    for table in ("k_recommendation", "variance_components", "statistics"):
        assert ask(families.format(table)) == [("ctgan",), ("tvae",)]
    pairs = "select count(*), count(distinct (family_a, seed_a, family_b, seed_b)) from visits.error_correlation"
    assert ask(f"{pairs} where kind = 'deviation'") == [(15, 15)], "six members make fifteen pairs"
    whole = "select K, effective > 0 from visits.effective_members where family_a = 'all' and kind = 'error'"
    assert ask(whole) == [(6, True)]
    truth = "select distinct truth from visits.statistics where statistic = 'mean' and \"column\" = 'age'"
    assert ask(truth) == ask("select avg(age) from visits.real_train")


def test_every_check_ran_and_left_its_page(finished: Workshop) -> None:
    verdicts = finished.storage.verdicts.survey("visits").verdicts
    assert all(verdict.passed for verdict in verdicts), [
        v.summary for v in verdicts if not v.passed
    ]
    members = {verdict.member for verdict in verdicts if verdict.check == "contract"}
    assert members == {
        "",
        *(f"{family}/{seed:03d}" for family in ("ctgan", "tvae") for seed in range(3)),
    }
    pages = [Path(verdict.page) for verdict in verdicts if verdict.check == "contract"]
    assert all("<html" in page.read_text() for page in pages)


def test_pooled_levels_and_constants_are_told(finished: Workshop) -> None:
    report = (Path(finished.home) / "reports" / "visits" / "report.html").read_text()
    assert (
        "column &#39;street&#39;: 21 levels are in fewer than 3 rows or too many to be told apart"
        in report
    )
    assert "constant, not modelled" in report


def test_the_contract_travels_with_the_records(finished: Workshop) -> None:
    record = finished.storage.lake.read(Address("visits", "real_train")).record
    contract = contract_of(record)
    assert contract.sha256 == record.contract_sha256
    assert contract.column("visit").kind == "id"
    assert contract.column("children").kind == "integer"
    assert contract.column("insured").kind == "boolean"


def test_the_same_table_gives_the_same_release_elsewhere(
    finished: Workshop, workshop: Workshop
) -> None:
    """Determinism: another root, another run, members in another order of work."""
    assert workshop.run("train", seeds=range(1, 3)).success
    result = workshop.run()
    assert result.success, reason_of(result)
    assert workshop.storage.releases.versions("visits") == finished.storage.releases.versions(
        "visits"
    )
    for family, seed in (("ctgan", 0), ("tvae", 2)):
        address = Address("visits", "synthetic", family, seed)
        ours, theirs = (shop.storage.lake.read(address).frame for shop in (workshop, finished))
        pd.testing.assert_frame_equal(ours, theirs)
