"""What the readers of a root give: one digest per thing, or that it was refused; and damage to
single files.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import duckdb
import pandas as pd

from dge_assets.core.errors import DgeError, StorageError
from dge_assets.core.lineage.fingerprint import frame_sha256
from dge_resources.artifacts import ArtifactStore
from dge_resources.home import Store
from dge_resources.lake import Lake, address_of
from dge_resources.plans import Plans
from dge_resources.releases import Releases
from dge_resources.verdicts import Verdicts
from dge_resources.warehouse import Warehouse

REFUSED = "refused: "
Reader = Callable[[], str]


def readers(root: Path, table: str) -> dict[str, Reader]:
    """A reader of each thing that is kept below a whole root, under the first folder of its place."""
    store = Store(str(root))
    lake, artifacts, verdicts, plans = (
        Lake(store),
        ArtifactStore(store),
        Verdicts(store),
        Plans(store),
    )
    frames = [address_of(record) for record in lake.survey().records]
    sets = [address_of(record) for record in artifacts.survey().records]
    return {
        **{
            f"lake/{each.name}": lambda each=each: frame_sha256(lake.read(each).frame)
            for each in frames
        },
        **{
            f"artifacts/{each.name}": lambda each=each: _digest(artifacts.read(each).files)
            for each in sets
        },
        **{
            f"warehouse.duckdb/{name}": lambda name=name: _rows(root, table, name)
            for name in relations(root, table)
        },
        "releases": lambda: _release(root, table),
        "reports/quality": lambda: _verdicts(verdicts, table),
        "reports/plan": lambda: _digest(plans.read(table)),
    }


def relations(root: Path, table: str) -> list[str]:
    """The names of a table's relations in the warehouse."""
    query = "select table_name from information_schema.tables where table_schema = ? order by 1"
    with duckdb.connect(Warehouse(Store(str(root))).url, read_only=True) as warehouse:
        return [name for (name,) in warehouse.execute(query, [table]).fetchall()]


def read_all(found: Mapping[str, Reader]) -> dict[str, str]:
    """What each reader gives: a digest, or the error in words that it refuses with.

    Any other error is a defect.
    """
    return {name: _read(reader) for name, reader in found.items()}


def _read(reader: Reader) -> str:
    try:
        return reader()
    except (DgeError, duckdb.Error) as error:
        return f"{REFUSED}{error}"


def _verdicts(verdicts: Verdicts, table: str) -> str:
    found, problems = verdicts.survey(table)
    if problems:
        raise StorageError(problems[0].message)
    return _digest([asdict(verdict) for verdict in found])


def _release(root: Path, table: str) -> str:
    releases = Releases(Store(str(root / "releases")))
    release = releases.open(table)
    datasets = releases.datasets(release)
    files = {name: releases.read_file(release, name) for name in sorted(release.manifest["files"])}
    return _digest(
        [
            release.version,
            files,
            {member: frame_sha256(frame) for member, frame in datasets.items()},
        ]
    )


def _rows(root: Path, table: str, relation: str) -> str:
    with duckdb.connect(Warehouse(Store(str(root))).url, read_only=True) as warehouse:
        frame: pd.DataFrame = warehouse.sql(f'select * from "{table}"."{relation}"').df()
    return _digest(sorted(map(repr, frame.astype(str).itertuples(index=False))))


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()


def truncated(data: bytes, draw: random.Random) -> bytes:
    """The first part of a file."""
    return data[: draw.randrange(len(data))]


def flipped(data: bytes, draw: random.Random) -> bytes:
    """A file with one bit that is another."""
    position = draw.randrange(len(data))
    return (
        data[:position] + bytes([data[position] ^ (1 << draw.randrange(8))]) + data[position + 1 :]
    )


def blanked(data: bytes, draw: random.Random) -> bytes:
    """A file with zeros where a page of the disk was lost."""
    start = draw.randrange(len(data))
    return data[:start] + bytes(min(512, len(data) - start)) + data[start + 512 :]


def foreign(data: bytes, draw: random.Random) -> bytes:
    """Something else under the same name."""
    return draw.choice(
        (
            b"",
            b"PAR1 PAR1",
            b"{}",
            b"[]",
            b"null",
            b"\x80\x04N.",
            b"<html></html>",
            draw.randbytes(len(data)),
        )
    )


DAMAGES = (truncated, flipped, blanked, foreign)
