"""Fitting the encoding of a table, so that it can give each column of numbers back.

A mixture is fitted to each column of numbers. Each such column's round trip is then measured; one
that fails is fitted anew under further transforms, the gentlest first, until one gives it back.
Where none does, the best stays. Not here: one column's fit (`fitted_columns.py`), the figures
(`round_trip.py`), the transforms (`number_transforms.py`), encoding rows (`table_encoder.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pandas as pd

from dge_assets.core.contract.contract import Contract
from dge_assets.core.generators.encoding.codec import TableCodec, fit_codec
from dge_assets.core.generators.encoding.column_plan import ColumnPlan
from dge_assets.core.generators.encoding.encoded_table import Array, EncodedTable
from dge_assets.core.generators.encoding.fitted_columns import fit_levels, fit_numbers
from dge_assets.core.generators.encoding.modelling_frame import modelling_frame
from dge_assets.core.generators.encoding.number_codec import (
    as_numbers,
    decode_number,
    learnt_numbers,
)
from dge_assets.core.generators.encoding.number_transforms import Transform, further_transforms
from dge_assets.core.generators.encoding.round_trip import RoundTrip, round_trip
from dge_assets.core.generators.encoding.table_encoder import TableEncoder, decode_numbers
from dge_assets.core.randomness import generator, seed_sequence

SHAKE = 0.02
"""Standard deviation of the error that a good generator still makes in an encoded number, whose
range is -1 to 1.
"""
Modelled = Callable[[TableCodec], pd.DataFrame]


@dataclass(frozen=True)
class _Fit:
    """One column of numbers under one transform: its part of the transformer's document, and its
    round trip.
    """

    transform: Transform
    document: dict[str, Any]
    trip: RoundTrip


def fit_encoder(
    real_train: pd.DataFrame,
    contract: Contract,
    *,
    table: str,
) -> tuple[TableEncoder, EncodedTable]:
    """Fit the encoding of `table` on real_train (n rows), and encode those rows.

    A column whose numbers do not come back is tried under further transforms. Raises GeneratorError
    for a table with nothing to learn.
    """
    modelled = partial(modelling_frame, real_train=real_train, table=table)
    codec = fit_codec(real_train, contract)
    frame = modelled(codec)
    encoder = TableEncoder(codec, fit_transformer(frame, codec.discrete))
    encoded = encoder.encode(frame)
    mended = _mend_columns(encoder, encoded, real_train, modelled)
    return mended, encoded if mended.transformer is encoder.transformer else mended.encode(
        modelled(mended.codec)
    )


def fit_transformer(modelled: pd.DataFrame, discrete: Sequence[str]) -> dict[str, Any]:
    """What is fitted to each column of a modelling frame (n rows), as plain JSON; the columns
    `discrete` are levels, the others numbers.
    """
    columns = [
        fit_levels(modelled[name]) if name in discrete else fit_numbers(modelled[name])
        for name in modelled.columns
    ]
    dtypes = {name: str(dtype) for name, dtype in modelled.infer_objects().dtypes.items()}
    return {"columns": columns, "dtypes": dtypes}


def _mend_columns(
    encoder: TableEncoder, encoded: EncodedTable, real_train: pd.DataFrame, modelled: Modelled
) -> TableEncoder:
    """The encoder with each column's round trip, and another transform for columns that did not
    come back.

    `encoded` are the rows of real_train (n rows) under `encoder`; `modelled` gives their modelling
    frame under a codec. The transformer is the same object where no column was changed.
    """
    fits = _fits(encoder, encoded, real_train, modelled(encoder.codec))
    numbers = {
        plan.name: further_transforms(learnt_numbers(real_train[plan.name], plan))
        for plan in encoder.codec.plans
        if plan.name in fits and not fits[plan.name].trip.passed
    }
    changed: set[str] = set()
    for attempt in zip(*numbers.values(), strict=True):
        transforms = {
            name: transform
            for name, transform in zip(numbers, attempt, strict=True)
            if not fits[name].trip.passed
        }
        for name, fit in _refit(
            encoder.codec.with_transforms(transforms), transforms, real_train, modelled
        ).items():
            if fit.trip.error < fits[name].trip.error:
                fits[name] = fit
                changed.add(name)
    codec = encoder.codec.with_transforms({name: fits[name].transform for name in changed})
    codec = replace(codec, round_trips=tuple(fit.trip for fit in fits.values()))
    return TableEncoder(codec, _spliced(encoder, {name: fits[name].document for name in changed}))


def _refit(
    codec: TableCodec, names: Iterable[str], real_train: pd.DataFrame, modelled: Modelled
) -> dict[str, _Fit]:
    """The columns `names` fitted under `codec`, by name."""
    plans = [plan for plan in codec.plans if plan.name in set(names)]
    if not plans:
        return {}
    frame = modelled(codec)
    part = frame[[plan.key for plan in plans]]
    encoder = TableEncoder(replace(codec, plans=tuple(plans)), fit_transformer(part, ()))
    return _fits(encoder, encoder.encode(part), real_train, frame)


def _fits(
    encoder: TableEncoder, encoded: EncodedTable, real_train: pd.DataFrame, frame: pd.DataFrame
) -> dict[str, _Fit]:
    """What came of each column of numbers, by name."""
    plans = {plan.key: plan for plan in encoder.codec.plans if plan.role == "number"}
    fits = {}
    number = 0
    for span, document in enumerate(encoder.transformer["columns"]):
        if document["type"] != "continuous":
            continue
        plan = plans[document["name"]]
        rows = (encoded.numbers[:, number], encoded.codes[:, span])
        fits[plan.name] = _Fit(
            plan.transform, document, _trip(plan, document, real_train[plan.name], frame, *rows)
        )
        number += 1
    return fits


def _trip(
    plan: ColumnPlan,
    document: dict[str, Any],
    values: pd.Series,
    frame: pd.DataFrame,
    numbers: Array,
    codes: Array,
) -> RoundTrip:
    present = values.notna().to_numpy()
    stream = generator(seed_sequence(table=plan.key, purpose="round trip"))

    def back(shift: Array | float) -> Array:
        columns = {plan.key: decode_numbers(document, numbers + shift, codes)}
        columns |= {plan.indicator: frame[plan.indicator].to_numpy()} if plan.indicator else {}
        return as_numbers(decode_number(pd.DataFrame(columns)[present], plan), plan)

    shaken = back(stream.normal(0, SHAKE, len(numbers)))
    return round_trip(plan.name, as_numbers(values, plan), back=back(0.0), shaken=shaken)


def _spliced(encoder: TableEncoder, documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The transformer's document with some columns of numbers replaced, by the table's name of
    each.
    """
    if not documents:
        return encoder.transformer
    keys = {plan.key: plan.name for plan in encoder.codec.plans}
    columns = [
        documents.get(keys.get(column["name"], ""), column)
        for column in encoder.transformer["columns"]
    ]
    return {**encoder.transformer, "columns": columns}
