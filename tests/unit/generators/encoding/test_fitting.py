"""Encoding alone loses no column: scales, tails, grids, frequent values and the ends of types come
back.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

from dge_assets.core.contract.contract import Contract, comparable
from dge_assets.core.generators.encoding import fitting
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.fitting import fit_encoder
from dge_assets.core.generators.encoding.number_transforms import PLAIN
from dge_assets.core.generators.encoding.round_trip import TOLERANCE
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from tests.support.hostile_numbers import hostile_numbers, table_of
from tests.support.tables import tiny, tiny_contract
from tests.unit.conftest import encoded_of

LOSES = 0.02
"""What a generator's inexactness may be in these tests, in encoded units."""


@cache
def fitted() -> tuple[pd.DataFrame, Contract, TableEncoder, EncodedTable]:
    frame, agreed = table_of(hostile_numbers())
    return frame, agreed, *encoded_of(frame, agreed)


def there_and_back(*, shake: float = 0.0) -> pd.DataFrame:
    """What a generator that repeats its training rows would give, to within `shake` in each encoded
    number.
    """
    _, _, encoder, rows = fitted()
    rng = np.random.default_rng(0)
    numbers = (
        np.clip(rows.numbers + rng.normal(0, shake, rows.numbers.shape), -1, 1)
        if shake
        else rows.numbers
    )
    return encoder.codec.decode(encoder.decode(numbers, rows.codes))


NAMES = sorted(hostile_numbers(50))


@pytest.mark.parametrize("name", NAMES)
def test_a_column_keeps_its_type_its_gaps_and_its_range(name: str) -> None:
    frame, agreed, _, _ = fitted()
    column = agreed.column(name)
    for back in (there_and_back()[name], there_and_back(shake=0.3)[name]):
        assert back.dtype == frame[name].dtype
        assert back.isna().tolist() == frame[name].isna().tolist()
        present = back.dropna()
        if column.kind == "integer":
            low, high = int(float(column.minimum)), int(float(column.maximum))  # type: ignore[arg-type]
            assert low <= int(present.min()) <= int(present.max()) <= high
        elif column.minimum is not None and column.maximum is not None:
            assert (
                comparable(column.minimum)
                <= present.min()
                <= present.max()
                <= comparable(column.maximum)
            )


@pytest.mark.parametrize("name", NAMES)
def test_a_columns_quantiles_come_back_although_a_generator_is_inexact(name: str) -> None:
    frame, _, encoder, _ = fitted()
    trips = {trip.column: trip for trip in encoder.codec.round_trips}
    if name not in trips:
        plan = next(plan for plan in encoder.codec.plans if plan.name == name)
        assert plan.role in ("discrete", "constant")
        pd.testing.assert_series_equal(there_and_back()[name], frame[name], check_names=False)
        return
    assert trips[name].error <= TOLERANCE, trips[name]
    real, back = (table[name].dropna() for table in (frame, there_and_back(shake=LOSES)))
    real, back = (
        values.astype("int64") if values.dtype.kind == "M" else values for values in (real, back)
    )
    far = max(abs(float(real.min())), abs(float(real.max())))
    real, back = real.astype(float) / far, back.astype(float) / far
    low, high = (float(real.quantile(share)) for share in (0.1, 0.9))
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert abs(back.quantile(share) - real.quantile(share)) <= 0.05 * (high - low), share


def test_the_mean_of_a_heavy_tail_comes_back() -> None:
    """A mixture clips what lies beyond four standard deviations of its outermost component: 85 % of
    this mean.
    """
    frame = fitted()[0]
    assert there_and_back()["pareto"].mean() == pytest.approx(frame["pareto"].mean(), rel=0.02)


@pytest.mark.parametrize("name", ["micro", "charge", "one minute"])
def test_a_tiny_scale_is_no_noise_at_both_ends(name: str) -> None:
    frame, _, _, _ = fitted()
    back = there_and_back(shake=LOSES)[name]
    assert back.isin([back.min(), back.max()]).mean() < 0.02
    low, high = frame[name].min(), frame[name].max()
    assert (back - low).mean() / (high - low) == pytest.approx(
        (frame[name] - low).mean() / (high - low), abs=0.01
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("zeros", 0.0),
        ("negative zeros", 0.0),
        ("two ends", 0.0),
        ("two ends", 100.0),
        ("zeros, gaps", 0.0),
    ],
)
def test_a_frequent_value_keeps_its_rows(name: str, value: float) -> None:
    frame = fitted()[0]
    assert ((there_and_back(shake=LOSES)[name] == value) == (frame[name] == value)).mean() > 0.97


@pytest.mark.parametrize(
    "name",
    ["price", "quarters", "fives", "seconds", "hours", "minutes", "price, gaps", "hours, gaps"],
)
def test_a_grid_is_kept_by_all_values_that_a_generator_could_give(name: str) -> None:
    present = there_and_back(shake=0.3)[name].dropna()
    steps = {
        "price": 0.01,
        "quarters": 0.25,
        "fives": 5,
        "seconds": 1,
        "hours": "h",
        "minutes": "min",
    }
    step = steps[name.removesuffix(", gaps")]
    if isinstance(step, str):
        assert (present == present.dt.floor(step)).all()
    elif step == 0.01:
        assert (present == present.round(2)).all()
    else:
        assert (present % step == 0).all()


@pytest.mark.parametrize(
    "name", ["near 2^63", "beyond 2^53", "near 2^63, gaps", "beyond 2^53, gaps", "seconds"]
)
def test_large_integers_come_back_as_they_were(name: str) -> None:
    frame, agreed, _, _ = fitted()
    back, real = there_and_back()[name].dropna(), frame[name].dropna()
    bounds = agreed.column(name)
    inside = real.between(float(bounds.minimum) + 2048, float(bounds.maximum) - 2048)  # type: ignore[arg-type]
    assert inside.mean() > 0.95 or name != "near 2^63"
    assert (back == real)[inside].all()


def test_notes_name_frequent_values_and_tails_and_quote_no_cell() -> None:
    notes = fitted()[2].codec.notes
    (zeros,) = [note for note in notes if note.startswith("column 'zeros':")]
    assert re.search(
        r"a frequent value \(\d\d% of the present cells\) learnt as levels beside the numbers",
        zeros,
    )
    assert any(note.startswith("column 'one far': heavy tails") for note in notes)
    assert not [note for note in notes if "cannot be given back" in note]
    assert not [note for note in notes if "price" in note or "micro" in note], (
        "nothing to know there"
    )


def test_a_column_that_no_transform_gives_back_is_noted_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "further_transforms", lambda _: ())
    frame, agreed = table_of({"pareto": hostile_numbers()["pareto"] ** 3})
    encoder = encoded_of(frame, agreed)[0]
    (note,) = [note for note in encoder.codec.notes if "cannot be given back" in note]
    assert note.startswith(
        "column 'pareto': cannot be given back by its encoding, however good a generator is: "
    )


@pytest.mark.parametrize("name", ["micro", "charge", "one far"])
def test_a_scale_that_drowns_in_a_generators_inexactness_is_found_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact encoding is not enough: a mixture with a floor under its variances leaves such a column
    no room.
    """
    monkeypatch.setattr(
        "dge_assets.core.generators.encoding.number_codec.initial_transform", lambda _: PLAIN
    )
    monkeypatch.setattr(fitting, "further_transforms", lambda _: ())
    (trip,) = encoded_of(*table_of({name: hostile_numbers()[name]}))[0].codec.round_trips
    assert trip.error > 1


def test_ordinary_columns_are_encoded_as_the_package_encodes_them() -> None:
    """No transform where a column needs none: what is learnt is then comparable with the package's
    own.
    """
    from ctgan.data_transformer import DataTransformer

    frame = tiny(400)
    encoder, rows = fit_encoder(frame, tiny_contract(), table="tiny")
    package = DataTransformer()
    modelled = pd.DataFrame(
        {"c0": frame["x"], "c1": frame["group"].astype(str), "c2": frame["target"].astype(str)}
    )
    package.fit(modelled, ("c1", "c2"))
    np.testing.assert_allclose(rows.numbers[:, 0], package.transform(modelled)[:, 0], atol=1e-6)
    assert [plan.transform.shape for plan in encoder.codec.plans] == ["plain"] * 3
    assert encoder.codec.notes == []
