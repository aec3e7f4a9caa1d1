"""The downstream models of one member: fitted for a member by name, kept as files, brought back the
same.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.downstream.fitting import MemberModels, predict
from dge_assets.core.downstream.member_models import (
    INDEX,
    DownstreamRequest,
    dataset_parts,
    fit_downstream,
    fit_seconds,
    from_files,
    read_index,
    run_seed,
    to_files,
)
from dge_assets.core.downstream.targets import Target
from dge_assets.core.errors import StorageError
from tests.support.tables import (
    column,
    contract,
    every_kind,
    every_kind_contract,
    tiny,
    tiny_contract,
)

PLACE = "crash/ctgan/downstream[003]"
MODELS = ("lr", "rf", "sklearn.ensemble:ExtraTreesClassifier(max_depth=4, n_estimators=5)")


def task(**other: object) -> DownstreamRequest:
    stated: dict[str, object] = {
        "table": "crash",
        "family": "ctgan",
        "seed": 3,
        "dataset": tiny(120),
        "contract": tiny_contract(),
        "models": MODELS,
        "test_share": 0.25,
        "max_levels": 20,
    }
    return DownstreamRequest(**{**stated, **other})  # type: ignore[arg-type]


def silent(done: int, of: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def fitted() -> dict[str, MemberModels]:
    return fit_downstream(task(), silent)


@pytest.fixture(scope="module")
def files(fitted: dict[str, MemberModels]) -> dict[str, bytes]:
    return to_files(fitted)


def test_what_comes_back_predicts_the_same_and_knows_how_it_was_made(
    fitted: dict[str, MemberModels], files: dict[str, bytes]
) -> None:
    new = tiny(60, seed=9)
    for name in MODELS:
        again = from_files(files, name, place=PLACE)
        for part in ("full", "part"):
            one, other = getattr(fitted[name], part), getattr(again, part)
            np.testing.assert_array_equal(
                predict(other, new, name="new"), predict(one, new, name="new")
            )
            assert replace(one, pipeline=None, fit_seconds=0) == replace(
                other, pipeline=None, fit_seconds=0
            )
            assert other.classes == ("no", "yes")


def test_the_same_dataset_fitted_again_gives_the_same_files_and_seconds_of_its_own(
    fitted: dict[str, MemberModels], files: dict[str, bytes]
) -> None:
    again = fit_downstream(task(), silent)
    assert to_files(again) == files
    assert fit_seconds(again) != fit_seconds(fitted)
    assert min(fit_seconds(again).values()) > 0


def test_the_full_model_saw_all_rows_and_the_part_model_only_its_train_part(
    fitted: dict[str, MemberModels],
) -> None:
    train, _ = dataset_parts(tiny(120), table="crash", family="ctgan", seed=3, test_share=0.25)
    alone = fit_downstream(task(dataset=train, models=("lr",)), silent)["lr"].full
    new = tiny(60, seed=9)
    np.testing.assert_allclose(
        predict(alone, new, name="n"), predict(fitted["lr"].part, new, name="n"), atol=1e-6
    )
    assert not np.array_equal(
        predict(fitted["lr"].full, new, name="n"), predict(fitted["lr"].part, new, name="n")
    )


def test_parts_are_the_same_for_whoever_asks_and_other_for_each_member() -> None:
    dataset = tiny(100)
    name = {"table": "crash", "family": "ctgan", "test_share": 0.25}
    train, test = dataset_parts(dataset, seed=3, **name)  # type: ignore[arg-type]
    assert (len(train), len(test)) == (75, 25)
    again = dataset_parts(dataset.copy(), seed=3, **name)[1]  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(test, again)
    assert not test.equals(dataset_parts(dataset, seed=4, **name)[1])  # type: ignore[arg-type]
    both = pd.concat([train, test]).sort_values("x", ignore_index=True)
    pd.testing.assert_frame_equal(both, dataset.sort_values("x", ignore_index=True))


def test_each_member_and_table_has_model_seeds_of_its_own(fitted: dict[str, MemberModels]) -> None:
    other = fit_downstream(task(seed=4, models=("lr",)), silent)["lr"].full
    assert other.seed != fitted["lr"].full.seed
    assert run_seed("crash") != run_seed("moons")


def test_the_same_member_gives_the_same_predictions_and_every_model_is_reported(
    fitted: dict[str, MemberModels],
) -> None:
    seen: list[tuple[int, int]] = []
    again = fit_downstream(task(), lambda done, of: seen.append((done, of)))
    assert seen == [(0, 3), (1, 3), (2, 3)]
    for name in MODELS:
        new = tiny(60, seed=9)
        np.testing.assert_array_equal(
            predict(again[name].full, new, name="n"), predict(fitted[name].full, new, name="n")
        )


def test_every_kind_of_column_and_a_regression_target() -> None:
    columns = [item for item in every_kind_contract().columns if item.kind != "id"]
    agreed = contract("gappy integer", *columns, task="regression")
    frame = every_kind().drop(columns="id").dropna(subset="gappy integer")
    found = fit_downstream(task(dataset=frame, contract=agreed, models=("lr",)), silent)
    again = from_files(to_files(found), "lr", place=PLACE)
    assert (again.full.task, again.full.classes) == ("regression", ())
    assert np.isfinite(predict(again.full, frame, name="f")).all()


def test_what_models_predict_follows_the_contract() -> None:
    assert Target.of(tiny_contract()) == Target("target", "binary", ("no", "yes"))
    numbers = contract("y", column("y", "continuous"), column("x", "integer"), task="regression")
    assert Target.of(numbers) == Target("y", "regression")


def test_a_model_that_is_not_there_is_told_with_those_that_are(files: dict[str, bytes]) -> None:
    with pytest.raises(
        StorageError,
        match=r"downstream\[003\]: no model 'svm' is stored, only \['lr', 'rf', 'sklearn",
    ):
        from_files(files, "svm", place=PLACE)


@pytest.mark.parametrize(
    "index", [None, b"", b"{", b"{}", b"3", b"null", b"[3]", b"[{}]", b'[{"model": "lr"}]', b"\xff"]
)
def test_a_damaged_index_is_an_error_with_its_place(
    files: dict[str, bytes], index: bytes | None
) -> None:
    damaged = {name: data for name, data in files.items() if name != INDEX}
    damaged |= {} if index is None else {INDEX: index}
    with pytest.raises(
        StorageError, match=r"^crash/ctgan/downstream\[003\]: .*materialize it again"
    ):
        from_files(damaged, "lr", place=PLACE)


@pytest.mark.parametrize(
    "data", [None, b"", b"\x80\x04N.", b"PK\x03\x04", "truncated", "other zip"]
)
def test_a_damaged_model_is_an_error_with_its_place(
    files: dict[str, bytes], data: bytes | str | None
) -> None:
    damaged = dict(files)
    if data is None:
        del damaged["0.full.skops"]
    elif data == "truncated":
        damaged["0.full.skops"] = files["0.full.skops"][:-200]
    elif data == "other zip":
        damaged["0.full.skops"] = _zip(b"{}")
    else:
        assert isinstance(data, bytes)
        damaged["0.full.skops"] = data
    with pytest.raises(
        StorageError, match=r"crash/ctgan/downstream\[003\]: .*materialize it again"
    ):
        from_files(damaged, "lr", place=PLACE)


def _zip(schema: bytes) -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", schema)
    return buffer.getvalue()


def test_the_index_says_what_people_want_to_know_without_loading_a_model(
    files: dict[str, bytes],
) -> None:
    index = read_index(files, place=PLACE)
    assert [entry["model"] for entry in index] == list(MODELS)
    assert index == json.loads(files[INDEX])
    assert all(entry["full"]["converged"] in (True, False) for entry in index)
    assert sorted(files) == sorted(
        [INDEX, *(f"{n}.{part}.skops" for n in range(3) for part in ("full", "part"))]
    )
