"""A home that was written before modules moved is read on: nothing of it has to be made again."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dge_assets.assets.line import CODE_VERSIONS, Line
from dge_assets.core.downstream.fitting import predict
from dge_assets.core.downstream.member_models import from_files as models_from_files
from dge_assets.core.generators.members import SamplingRequest, sample_chunks
from dge_assets.core.generators.state_files import encoder_from_files, from_files
from dge_assets.core.lineage.provenance import Provenance, Recipe
from dge_assets.declarations import read_declaration
from dge_resources.home import Store
from dge_resources.lake import Address
from dge_resources.releases import Releases
from dge_resources.storage import Storage
from dge_resources.verify import verify

DATA = Path(__file__).parents[2] / "data/home"
MEMBERS = [(family, seed) for family in ("ctgan", "tvae") for seed in (0, 1)]


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    home = tmp_path_factory.mktemp("home")
    with tarfile.open(DATA / "home.tar.xz") as packed:
        packed.extractall(home, filter="data")
    return Storage(home=str(home))


@pytest.fixture(scope="module")
def line() -> Line:
    folder = DATA / "declaration/parcels"
    return Line(read_declaration(folder / "defs.yaml").plan("default"), str(folder))


def test_all_that_is_kept_is_read(storage: Storage) -> None:
    assert [finding for finding in verify(storage.store) if "warehouse" not in str(finding)] == []


@pytest.mark.parametrize(("family", "seed"), MEMBERS)
def test_each_model_predicts_as_it_did(storage: Storage, family: str, seed: int) -> None:
    real_test = storage.lake.read(Address("parcels", "real_test")).frame
    expected = json.loads((DATA / "predictions.json").read_text(encoding="utf-8"))
    place = Address("parcels", "downstream", family, seed)
    files = storage.artifacts.read(place).files
    for model in ("lr", "svm"):
        models = models_from_files(files, model, place=place.name)
        for part in ("full", "part"):
            found = predict(getattr(models, part), real_test)[:, 1]
            told = f"{family}/{seed}/{model}/{part}"
            np.testing.assert_allclose(found, expected[told], rtol=1e-9, err_msg=told)


@pytest.mark.parametrize(("family", "seed"), MEMBERS)
def test_each_member_draws_the_rows_that_it_drew(
    storage: Storage, line: Line, family: str, seed: int
) -> None:
    stored = storage.lake.read(Address("parcels", "synthetic", family, seed))
    if stored.record.code_version != CODE_VERSIONS["synthetic"]:
        pytest.skip("sampling was changed on purpose since: see CODE_VERSIONS")
    artifact = storage.artifacts.read(Address("parcels", "generator", family, seed))
    member = from_files(artifact.files, place=artifact.record.place)
    task = SamplingRequest(
        table="parcels",
        family=family,
        seed=seed,
        state=member.state,
        codec=member.codec,
        rows=len(stored.frame),
        settings=line.plan.parameters(family).of_sampling(),
    )
    (drawn,) = sample_chunks(task)
    expected = stored.frame[list(drawn)]
    pd.testing.assert_frame_equal(drawn, expected, check_dtype=False, check_categorical=False)


def test_what_is_declared_is_what_was_made(storage: Storage, line: Line) -> None:
    """Recipes differ in the numbers of stages that were changed on purpose at most: a renamed
    setting would make every member anew.
    """
    artifacts, lake = storage.artifacts, storage.lake
    real_train = lake.read(Address("parcels", "real_train")).record
    encoder = artifacts.read(Address("parcels", "encoder")).record
    _require_same(encoder, line.encoder_recipe(real_train))
    for family, seed in MEMBERS:
        generator = artifacts.read(Address("parcels", "generator", family, seed)).record
        synthetic = lake.read(Address("parcels", "synthetic", family, seed)).record
        models = artifacts.read(Address("parcels", "downstream", family, seed)).record
        _require_same(generator, line.generator_recipe(family, seed, encoder))
        _require_same(synthetic, line.synthetic_recipe(family, seed, generator))
        _require_same(models, line.downstream_recipe(family, seed, synthetic))


def _require_same(stored: Provenance, present: Recipe) -> None:
    assert stored.sha256 == replace(present, code_version=stored.code_version).sha256


def test_the_encoding_and_the_release_open(storage: Storage) -> None:
    artifact = storage.artifacts.read(Address("parcels", "encoder"))
    encoder, encoded = encoder_from_files(artifact.files, place="parcels/encoder")
    assert sum(encoder.layout.span_widths) > len(encoder.layout.span_widths)
    assert len(encoded.numbers) == 128
    releases = Releases(Store(storage.store.url("releases")))
    release = releases.open("parcels")
    assert sorted(releases.datasets(release)) == MEMBERS
