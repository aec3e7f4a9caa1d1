"""What a trained generator's rows are: draws from the distribution that its network gives, known
where its logits are set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from dge_assets.core.generators.encoding.encoded_table import Array
from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.families.ctgan import family as ctgan
from dge_assets.core.generators.families.tvae import family as tvae
from dge_assets.core.generators.family import GeneratorState
from dge_assets.core.generators.parameters import FamilyParameters
from dge_assets.core.generators.registry import parameters_for
from dge_assets.core.generators.stacked.parameters import TVAEParameters
from dge_assets.core.generators.stacked.streams import Streams
from tests.support.stacked import MIXED, NUMBERS, TABLES, encoded_table
from tests.unit.conftest import SMALL

ALPHA = 1e-4
"""Chance alone fails a comparison on a fixed seed in one of 10,000."""
ROWS = 30_000
LARGE_BATCH: dict[str, object] = {"batch_size": 10_000}
"""So that many rows take few calls."""
SIGMA = np.linspace(0.05, 0.4, 40)
FAMILIES = {"ctgan": ctgan.FAMILY, "tvae": tvae.FAMILY}
DECODINGS = [("ctgan", {}), ("tvae", {"decode": "draw"}), ("tvae", {"decode": "largest"})]


def _parameters(family: str, settings: Mapping[str, object]) -> FamilyParameters:
    return parameters_for(family, {**SMALL[family], **settings})


def _fresh_state(columns: Any, family: str, parameters: FamilyParameters) -> GeneratorState:
    """A generator as it is before its first step."""
    algorithm, table = FAMILIES[family], encoded_table(columns)
    trainer = algorithm.trainer(table, parameters, [np.random.SeedSequence(5)], device="cpu")
    return GeneratorState(trainer.export(0), algorithm.describe(table, parameters))


def _set_state(
    columns: Any, family: str, parameters: FamilyParameters
) -> tuple[GeneratorState, Array]:
    """A generator whose logits are the same for any noise, and these logits (D,)."""
    state = _fresh_state(columns, family, parameters)
    last = [name for name in state.tensors if name.endswith("weight")][-1].removesuffix("weight")
    width = Layout.of(columns).columns
    logits = np.random.default_rng(1).normal(0, 1.5, width).astype(np.float32)
    given = {f"{last}weight": np.zeros_like(state.tensors[f"{last}weight"]), f"{last}bias": logits}
    if family == "tvae":
        given["sigma"] = SIGMA[:width].astype(np.float32)
    return GeneratorState({**state.tensors, **given}, state.document), logits


def _drawn(
    state: GeneratorState,
    columns: Any,
    family: str,
    parameters: FamilyParameters,
    *,
    rows: int,
    most: int,
    seed: int = 7,
) -> tuple[Array, Array]:
    sampler = FAMILIES[family].encoded_sampler(
        state, Layout.of(columns), parameters, np.random.SeedSequence(seed)
    )
    chunks = list(sampler.chunks(rows, most=most))
    return np.concatenate([numbers for numbers, _ in chunks]), np.concatenate(
        [codes for _, codes in chunks]
    )


@pytest.mark.parametrize("columns", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("family", ["ctgan", "tvae"])
def test_levels_and_components_come_with_the_shares_of_the_softmax(
    family: str, columns: Any
) -> None:
    parameters = _parameters(family, LARGE_BATCH)
    state, logits = _set_state(columns, family, parameters)
    _, codes = _drawn(state, columns, family, parameters, rows=ROWS, most=ROWS)
    layout = Layout.of(columns)
    for span, (start, width) in enumerate(zip(layout.span_starts, layout.span_widths, strict=True)):
        shares = torch.softmax(torch.tensor(logits[start : start + width]).double(), 0).numpy()
        counts = np.bincount(codes[:, span], minlength=width)
        if width > 1:
            assert stats.chisquare(counts, shares / shares.sum() * ROWS).pvalue > ALPHA, span


@pytest.mark.parametrize("family", ["ctgan", "tvae"])
def test_spans_are_drawn_each_by_itself(family: str) -> None:
    """Given the logits, two spans of a row have nothing to do with each other."""
    parameters = _parameters(family, LARGE_BATCH)
    state, _ = _set_state(MIXED, family, parameters)
    _, codes = _drawn(state, MIXED, family, parameters, rows=ROWS, most=ROWS)
    for one, other in [(0, 1), (0, 2), (2, 4)]:
        table = np.zeros((codes[:, one].max() + 1, codes[:, other].max() + 1))
        np.add.at(table, (codes[:, one], codes[:, other]), 1)
        assert stats.chi2_contingency(table[table.sum(1) > 50][:, table.sum(0) > 50]).pvalue > ALPHA


@pytest.mark.parametrize("decode", ["draw", "largest"])
def test_numbers_of_tvae_spread_around_their_mean_as_it_has_learnt(decode: str) -> None:
    parameters = _parameters("tvae", {**LARGE_BATCH, "decode": decode})
    state, logits = _set_state(MIXED, "tvae", parameters)
    numbers, _ = _drawn(state, MIXED, "tvae", parameters, rows=ROWS, most=ROWS)
    for place, column in enumerate(Layout.of(MIXED).number_columns):
        expected = stats.norm(np.tanh(logits[column]), SIGMA[column])
        assert stats.kstest(numbers[:, place], expected.cdf).pvalue > ALPHA


def test_numbers_of_ctgan_are_the_tanh_of_their_logits() -> None:
    parameters = _parameters("ctgan", {})
    state, logits = _set_state(MIXED, "ctgan", parameters)
    numbers, _ = _drawn(state, MIXED, "ctgan", parameters, rows=300, most=300)
    np.testing.assert_allclose(
        numbers,
        np.tanh(logits[list(Layout.of(MIXED).number_columns)])[None].repeat(300, 0),
        rtol=1e-6,
    )


def test_largest_takes_the_likeliest_level_and_draws_nothing_for_it() -> None:
    """Rows as the package decodes them: noise, decoder, noise of the numbers, largest logit, batch
    by batch.
    """
    parameters = _parameters("tvae", {"decode": "largest"})
    assert isinstance(parameters, TVAEParameters)
    state, layout = _fresh_state(MIXED, "tvae", parameters), Layout.of(MIXED)
    numbers, codes = _drawn(state, MIXED, "tvae", parameters, rows=300, most=1_000)
    weights = {name: torch.tensor(value) for name, value in state.tensors.items()}
    streams, batches = Streams([np.random.SeedSequence(7)], device="cpu"), []
    columns = list(layout.number_columns)
    for _ in range(3):
        noise, spread = (
            torch.empty(1, 100, parameters.embedding_dim),
            torch.empty(1, 100, len(columns)),
        )
        streams.normal(noise)
        streams.normal(spread)
        hidden = torch.relu(noise[0] @ weights["seq.0.weight"].T + weights["seq.0.bias"])
        logits = hidden @ weights["seq.2.weight"].T + weights["seq.2.bias"]
        spans = zip(layout.span_starts, layout.span_widths, strict=True)
        likeliest = torch.stack(
            [logits[:, start : start + width].argmax(1) for start, width in spans], 1
        )
        batches.append(
            (torch.tanh(logits[:, columns]) + spread[0] * weights["sigma"][columns], likeliest)
        )
    np.testing.assert_allclose(
        numbers, torch.cat([each for each, _ in batches]).numpy(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(codes, torch.cat([each for _, each in batches]).numpy())


@pytest.mark.parametrize(("family", "settings"), DECODINGS)
def test_rows_are_the_same_however_many_are_made_at_a_time_and_others_with_another_seed(
    family: str, settings: Mapping[str, object]
) -> None:
    parameters = _parameters(family, settings)
    state = _fresh_state(NUMBERS, family, parameters)
    at_once = _drawn(state, NUMBERS, family, parameters, rows=750, most=1_000)
    for most in (100, 200, 350):
        for one, other in zip(
            at_once, _drawn(state, NUMBERS, family, parameters, rows=750, most=most), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    others = _drawn(state, NUMBERS, family, parameters, rows=750, most=1_000, seed=8)
    assert not np.array_equal(at_once[0], others[0])
