"""A stored generator as the `ctgan` package's own synthesizer, for whoever works with that package."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ctgan import CTGAN, TVAE
from ctgan.data_sampler import DataSampler
from ctgan.synthesizers.ctgan import Generator
from ctgan.synthesizers.tvae import Decoder

from dge_assets.core.generators.encoding.layout import Layout
from dge_assets.core.generators.family import Arrays, GeneratorState
from dge_assets.core.generators.stacked.package_transformer import transformer_from_document


def synthesizer_from_state(state: GeneratorState) -> CTGAN | TVAE:
    """The synthesizer, ready to sample.

    It differs from one that the package fitted only in what no longer exists: discriminator or
    encoder, and optimizers. It samples in the package's own way: a TVAE's levels are the likeliest
    ones, not drawn (`decode: largest` is nearest to it).
    """
    return {"ctgan": _ctgan, "tvae": _tvae}[state.document["algorithm"]](state)


def _settings(state: GeneratorState, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: state.document["parameters"][name] for name in names}


def _ctgan(state: GeneratorState) -> CTGAN:
    names = (
        "embedding_dim",
        "generator_dim",
        "discriminator_dim",
        "batch_size",
        "log_frequency",
        "epochs",
        "pac",
    )
    synthesizer = CTGAN(**_settings(state, names), enable_gpu=False)
    transformer = synthesizer._transformer = transformer_from_document(
        state.document["transformer"]
    )
    layout = Layout.of(transformer.output_info_list)
    synthesizer._data_sampler = _data_sampler(layout, state.document["level_probabilities"])
    inputs = synthesizer._embedding_dim + layout.conditions
    synthesizer._generator = _load(
        Generator(inputs, synthesizer._generator_dim, layout.columns), state.tensors
    )
    return synthesizer


def _data_sampler(layout: Layout, probabilities: list[float]) -> DataSampler:
    sampler, widths = DataSampler.__new__(DataSampler), layout.condition_widths
    starts = np.cumsum([0, *widths]).astype("int32")
    table = np.zeros((len(widths), max(widths, default=0)))
    for row, (start, width) in enumerate(zip(starts, widths, strict=False)):
        table[row, :width] = probabilities[start : start + width]
    sampler._discrete_column_matrix_st = np.zeros(len(widths), dtype="int32")
    sampler._discrete_column_cond_st = starts[:-1]
    sampler._discrete_column_n_category = np.array(widths, dtype="int32")
    sampler._discrete_column_category_prob = table
    sampler._n_discrete_columns, sampler._n_categories = len(widths), layout.conditions
    return sampler


def _tvae(state: GeneratorState) -> TVAE:
    names = (
        "embedding_dim",
        "compress_dims",
        "decompress_dims",
        "l2scale",
        "batch_size",
        "epochs",
        "loss_factor",
    )
    synthesizer = TVAE(**_settings(state, names), enable_gpu=False)
    transformer = synthesizer.transformer = transformer_from_document(state.document["transformer"])
    decoder = Decoder(
        synthesizer.embedding_dim, synthesizer.decompress_dims, transformer.output_dimensions
    )
    synthesizer.decoder = _load(decoder, state.tensors)
    return synthesizer


def _load(module: torch.nn.Module, tensors: Arrays) -> torch.nn.Module:
    module.load_state_dict(
        {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
    )
    return module
