"""A source with secrets, read and failing in real runs: nothing that Dagster or the line keeps
holds one.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from dge_assets.demo import reason_of
from tests.integration.conftest import Workshop, make_workshop, visits_frame

SECRET = "hunter2S3CR3T"
READABLE = {
    "type": "sql",
    "url": f"sqlite:///visits.sqlite?password={SECRET}",
    "query": f"SELECT *, 'password={SECRET}' = '' AS secret FROM visits -- SECRET '{SECRET}'",
    "drop": ["secret"],
}
FAILING = {
    "no database": {
        "type": "sql",
        "url": f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:9/d",
        "query": "SELECT 1",
    },
    "no table": {
        "type": "duckdb",
        "query": f"FROM postgres_scan('host=h password={SECRET}', 'a', 'b')",
    },
    "no server": {
        "type": "csv",
        "path": f"http://ann:{SECRET}@127.0.0.1:9/a.csv?sig={SECRET}",
        "storage_options": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    },
}


def told_by_sensor(shop: Workshop) -> str:
    """What a tick of the source sensor says, as Dagster keeps it."""
    sensor = shop.definitions.resolve_sensor_def("visits_source_sensor")
    context = dg.build_sensor_context(instance=shop.instance, resources={"storage": shop.storage})
    try:
        return str(sensor.evaluate_tick(context).skip_message)
    except Exception:
        return serializable_error_info_from_exc_info(sys.exc_info()).to_string()


def test_runs_and_sensors_keep_and_print_no_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(tmp_path / "visits.sqlite") as connection:
        visits_frame().to_sql("visits", connection, index=False)
    connection.close()
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        shop = make_workshop(tmp_path, instance, source=READABLE)
        result = shop.materialize("source")
        assert result.success, reason_of(result)
        for source in FAILING.values():
            broken = shop.declare(source=source)
            result = broken.materialize("source")
            assert not result.success
            assert "table 'visits'" in reason_of(result)
            assert SECRET not in reason_of(result)
            assert "table 'visits'" in told_by_sensor(broken)
            assert SECRET not in told_by_sensor(broken)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"visits.sqlite", "data.parquet"} <= {path.name for path in kept}
    assert any(path.suffix == ".db" for path in kept), "the runs' own storage was searched"
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []
    told = capfd.readouterr()
    assert "table 'visits'" in told.err + told.out
    assert SECRET not in told.out + told.err
