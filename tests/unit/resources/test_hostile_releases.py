"""Folders that somebody else made: each of these is a ReleaseError, and nothing outside the folder
is ever read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dge_assets.core.errors import ReleaseError
from dge_resources.home import Store
from dge_resources.manifest import Manifest, dataset_file, make_manifest, release_version
from dge_resources.parquet import to_parquet
from dge_resources.releases import Releases
from tests.support.releases import record_id, released
from tests.support.tables import tiny

FRAMES = {("ctgan", seed): tiny(20, seed=seed) for seed in (0, 1)}
DATASETS, MEMBERS = released(FRAMES)
FIRST = dataset_file("ctgan", 0)
Document = dict[str, Any]


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.parquet").write_bytes(DATASETS[FIRST])
    reader = Releases(Store(str(tmp_path / "releases")))
    reader.publish("crash", {**DATASETS, "README.md": b"card"}, members=MEMBERS, note={})
    return reader


def put(releases: Releases, document: Document) -> None:
    """Let `document` be the manifest of the latest release, under the version that its content
    gives.
    """
    fields = Manifest.model_fields
    content = {name: document.get(name, fields[name].default) for name in fields}
    content = {
        name: value
        for name, value in content.items()
        if name not in ("version", "sign_off", "trial")
    }
    version = release_version(content)
    old = next((Path(releases.store.full("crash"))).glob("r-*"))
    old.rename(old.with_name(version))
    path = f"crash/{version}/manifest.json"
    releases.store.write(path, json.dumps({**document, "version": version}).encode())
    releases.store.write("crash/latest.json", json.dumps({"version": version}).encode())


def renamed(document: Document, name: str) -> None:
    for part in ("files", "sizes"):
        document[part][name] = document[part].pop(FIRST)
    document["members"][0]["file"] = name


CHANGES: dict[str, Callable[[Document], object]] = {
    "a file outside": lambda d: renamed(d, "../../../outside/x.parquet"),
    "an absolute file": lambda d: renamed(d, "/etc/passwd"),
    "a file beside its place": lambda d: renamed(d, "datasets/family=ctgan/seed=007/data.parquet"),
    "a card outside": lambda d: [
        d[part].update({"../../outside/x.md": d[part].pop("README.md")})
        for part in ("files", "sizes")
    ],
    "a dropped member": lambda d: d["members"].pop(),
    "no member": lambda d: d.update(members=[]),
    "a doubled member": lambda d: d["members"].append(d["members"][0]),
    "a member with another's file": lambda d: d["members"][0].update(file=dataset_file("ctgan", 1)),
    "another table's name": lambda d: d.update(table="moons"),
    "a dropped file": lambda d: d["files"].pop(FIRST),
    "a dropped size": lambda d: d["sizes"].pop(FIRST),
    "a size of nothing": lambda d: d["sizes"].update({FIRST: 0}),
    "an endless size": lambda d: d["sizes"].update({FIRST: 10**18}),
    "a size of text": lambda d: d["sizes"].update({FIRST: "12"}),
    "a hash of nothing": lambda d: d["files"].update({FIRST: ""}),
    "a seed of text": lambda d: d["members"][0].update(seed="0"),
    "a seed below none": lambda d: d["members"][0].update(seed=-1),
    "an unknown field": lambda d: d.update(command="rm"),
    "a lost field": lambda d: d.pop("sign_off"),
    "files that are a list": lambda d: d.update(files=[]),
    "members that are a mapping": lambda d: d.update(members={}),
    "a trial by its own word": lambda d: d.update(trial=True),
    "a format of text": lambda d: d.update(format_version="2"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_manifest_whose_parts_do_not_agree_is_refused(releases: Releases, change: str) -> None:
    document = releases.open("crash").manifest
    CHANGES[change](document)
    put(releases, document)
    with pytest.raises(ReleaseError, match="table 'crash': no release at all") as caught:
        releases.open("crash")
    assert "root:" not in str(caught.value)


def test_a_version_that_is_not_of_its_content_is_refused(releases: Releases) -> None:
    made = releases.open("crash")
    changed = {**made.manifest, "licence": "CC0"}
    releases.store.write(f"crash/{made.version}/manifest.json", json.dumps(changed).encode())
    with pytest.raises(
        ReleaseError, match=rf"it says version '{made.version}', what it lists is 'r-"
    ):
        releases.open("crash")


@pytest.mark.parametrize(
    "version",
    ["../../outside", "..", "/etc", "r-1", "r-0123456789ab/..", "", "R-0123456789AB", 3, None],
)
def test_a_pointer_leads_to_a_version_or_nowhere(releases: Releases, version: object) -> None:
    releases.store.write("crash/latest.json", json.dumps({"version": version}).encode())
    with pytest.raises(ReleaseError, match="no release at all"):
        releases.open("crash")


@pytest.mark.parametrize("name", ["../outside", "", ".", "Crash", "crash/../..", "crash\n"])
def test_a_reader_who_is_led_astray_asks_for_no_other_folder(releases: Releases, name: str) -> None:
    with pytest.raises(ReleaseError, match="no table is named"):
        releases.open(name)
    if name:
        with pytest.raises(ReleaseError, match="not allowed for a version"):
            releases.open("crash", name)


def test_sizes_are_looked_at_before_anything_is_read(releases: Releases) -> None:
    made = releases.open("crash")
    path = Path(releases.url(made)) / FIRST
    with path.open("r+b") as file:
        file.truncate(2**40)  # a file of holes: reading all of it would take the machine's memory
    with pytest.raises(ReleaseError, match=r"has more than the \d+ bytes that are allowed"):
        releases.datasets(made)
    latest = Path(releases.store.full("crash/latest.json"))
    with latest.open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(ReleaseError, match="no release at all"):
        releases.open("crash")


def test_what_is_no_plain_file_is_not_waited_for(releases: Releases) -> None:
    made = releases.open("crash")
    path = Path(releases.url(made)) / FIRST
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ReleaseError, match="no file is stored"):
        releases.datasets(made)


def swap(releases: Releases, data: bytes, rows: int = 20) -> None:
    """Let `data` be the first dataset, under a manifest that says so."""
    members = [{**MEMBERS[0], "rows": rows}, MEMBERS[1]]
    files = {**DATASETS, FIRST: data}
    manifest = make_manifest("crash", files, members=members, sign_off={}, facts={}, trial=False)
    folder = f"crash/{manifest.version}"
    for name, content in files.items():
        releases.store.write(f"{folder}/{name}", content)
    releases.store.write(f"{folder}/manifest.json", manifest.model_dump_json().encode())
    releases.store.write("crash/latest.json", json.dumps({"version": manifest.version}).encode())


def table_of(frame: pd.DataFrame, **metadata: str) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata(
        {name.replace("_", "."): text for name, text in metadata.items()}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


GOOD = FRAMES["ctgan", 0].assign(record_id=record_id("ctgan", 0))
FOREIGN: dict[str, Callable[[], bytes]] = {
    "no parquet": lambda: b"PAR1 nothing PAR1",
    "half of it": lambda: DATASETS[FIRST][:200],
    "another's rows": lambda: DATASETS[dataset_file("ctgan", 1)],
    "no record id": lambda: to_parquet(FRAMES["ctgan", 0]),
    "fewer rows": lambda: to_parquet(GOOD.head(3)),
    "levels of no column": lambda: table_of(GOOD, dge_levels='{"nowhere": ["a"]}'),
    "levels that are none": lambda: table_of(GOOD, dge_levels="3"),
    "levels twice": lambda: table_of(GOOD, dge_levels='{"group": ["u", "u"]}'),
    "levels without end": lambda: table_of(GOOD, dge_levels="[" * 50_000),
    "pandas of another kind": lambda: table_of(
        GOOD, pandas='{"columns": [3], "index_columns": [[]]}'
    ),
    "pandas that is none": lambda: table_of(GOOD, pandas="{"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_dataset_that_the_manifest_calls_right_and_is_none_is_refused(
    releases: Releases, kind: str
) -> None:
    swap(releases, FOREIGN[kind]())
    with pytest.raises(ReleaseError, match=r"seed=000/data.parquet is no dataset of a release"):
        releases.datasets(releases.open("crash"))


def test_a_few_bytes_do_not_unfold_into_any_number_of_rows(releases: Releases) -> None:
    groups = pa.table({"x": pa.array(np.zeros(200_000), pa.float64())})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, groups.schema) as writer:
        for _ in range(20):
            writer.write_table(groups)
    data = bytes(sink.getvalue())
    swap(releases, data)
    with pytest.raises(
        ReleaseError, match="it has 4000000 rows of 1 columns, the manifest says 20 rows"
    ):
        releases.datasets(releases.open("crash"))


def test_truncated_anywhere_a_release_is_refused_or_the_same(releases: Releases) -> None:
    made = releases.open("crash")
    for name in ("manifest.json", "../latest.json", FIRST):
        path = Path(releases.url(made)) / name
        data = path.read_bytes()
        for length in np.linspace(0, len(data) - 1, 12).astype(int):
            path.write_bytes(data[:length])
            with pytest.raises(ReleaseError):
                releases.datasets(releases.open("crash"))
        path.write_bytes(data)
    assert len(releases.datasets(releases.open("crash"))) == 2


def test_any_flipped_byte_is_refused_or_changes_nothing(releases: Releases) -> None:
    made, rng = releases.open("crash"), np.random.default_rng(0)
    expected = releases.datasets(made)
    for name in ("manifest.json", "../latest.json", FIRST):
        path = Path(releases.url(made)) / name
        data = path.read_bytes()
        for position in rng.choice(len(data), min(25, len(data)), replace=False):
            path.write_bytes(
                data[:position] + bytes([data[position] ^ 0x11]) + data[position + 1 :]
            )
            try:
                found = releases.datasets(releases.open("crash"))
            except ReleaseError:
                continue
            for member, frame in expected.items():
                pd.testing.assert_frame_equal(found[member], frame)
        path.write_bytes(data)
