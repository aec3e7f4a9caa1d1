"""The families `ctgan` and `tvae`: the `ctgan` package's synthesizers behind our `Algorithm`.

The package seeds by swapping global NumPy and torch state, so a member must train in a process of its own; the
`Compute` resource sees to that.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import torch
from ctgan import CTGAN, TVAE
from ctgan.data_sampler import DataSampler
from ctgan.synthesizers.ctgan import Generator
from ctgan.synthesizers.tvae import Decoder

from dge_assets.core.generators.base import GeneratorState, Report, Trained
from dge_assets.core.generators.encoder import transformer_document, transformer_from_document
from dge_assets.core.generators.parameters import FamilyParameters

_SAMPLER_ARRAYS = (
    "_discrete_column_matrix_st",
    "_discrete_column_cond_st",
    "_discrete_column_n_category",
    "_discrete_column_category_prob",
)
_SAMPLER_COUNTS = ("_data_length", "_n_discrete_columns", "_n_categories")


class _EpochReporter:
    """Mixed into a synthesizer: `fit` assigns `loss_values` once per epoch, which is where we can watch."""

    report: Report | None = None
    epochs_in_all = 0

    @property
    def loss_values(self) -> pd.DataFrame:
        return self._loss_values

    @loss_values.setter
    def loss_values(self, values: pd.DataFrame) -> None:
        self._loss_values = values
        if self.report is not None and len(values):
            self.report(int(values["Epoch"].iloc[-1]) + 1, self.epochs_in_all)


class ReportingCTGAN(_EpochReporter, CTGAN):  # type: ignore[misc]
    """`ctgan.CTGAN` that reports each epoch."""


class ReportingTVAE(_EpochReporter, TVAE):  # type: ignore[misc]
    """`ctgan.TVAE` that reports each epoch."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No warnings, no printing, no processes of the package's own.

    Its dependencies warn about convergence of a mixture that is only a normalizer. Its encoder would start one process
    per core from 500 rows on, inside every member, each of which imports torch for seconds.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        joblib.parallel_config(backend="sequential"),
    ):
        warnings.simplefilter("ignore")
        yield


def _fit(
    synthesizer: Any, frame: pd.DataFrame, *, discrete: tuple[str, ...], epochs: int, seed: int, report: Report
) -> pd.DataFrame:
    """Fit, and the mean of each loss per epoch."""
    synthesizer.epochs_in_all = epochs
    synthesizer.report = report
    synthesizer.set_random_state(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed(seed)  # the package seeds the CPU's generator alone
    with _quiet():
        synthesizer.fit(frame, discrete)
    names = {"Generator Loss": "generator_loss", "Discriminator Loss": "discriminator_loss", "Loss": "loss"}
    losses = synthesizer.loss_values.rename(columns={"Epoch": "epoch", **names})
    kept = [name for name in names.values() if name in losses]
    return losses.groupby("epoch", as_index=False)[kept].mean().astype({"epoch": "int64"})


def _arrays(module: torch.nn.Module) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}


def _load(module: torch.nn.Module, tensors: dict[str, np.ndarray[Any, Any]]) -> torch.nn.Module:
    module.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
    return module


class CTGANAlgorithm:
    """Conditional tabular GAN (Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019)."""

    def train(
        self,
        frame: pd.DataFrame,
        *,
        discrete: tuple[str, ...],
        parameters: FamilyParameters,
        seed: int,
        device: str,
        report: Report,
    ) -> Trained:
        """See `Algorithm.train`."""
        settings = parameters.model_dump()
        synthesizer = ReportingCTGAN(**settings, enable_gpu=device != "cpu")
        losses = _fit(synthesizer, frame, discrete=discrete, epochs=parameters.epochs, seed=seed, report=report)
        sampler = synthesizer._data_sampler
        document = {
            "algorithm": "ctgan",
            "parameters": settings,
            "transformer": transformer_document(synthesizer._transformer),
            "sampler": {
                **{name: getattr(sampler, name).tolist() for name in _SAMPLER_ARRAYS},
                **{name: int(getattr(sampler, name)) for name in _SAMPLER_COUNTS},
            },
        }
        return Trained(GeneratorState(_arrays(synthesizer._generator), document), losses)

    def sample(self, state: GeneratorState, *, rows: int, seed: int) -> pd.DataFrame:
        """See `Algorithm.sample`."""
        synthesizer = ctgan_from_state(state)
        synthesizer.set_random_state(seed)
        with _quiet():
            return synthesizer.sample(rows)


def ctgan_from_state(state: GeneratorState) -> CTGAN:
    """The `ctgan.CTGAN` that was trained, ready to sample."""
    document = state.document
    synthesizer = ReportingCTGAN(**document["parameters"], enable_gpu=False)
    synthesizer._transformer = transformer_from_document(document["transformer"])
    sampler = DataSampler.__new__(DataSampler)
    kinds = {name: "float64" if name.endswith("_prob") else "int32" for name in _SAMPLER_ARRAYS}
    for name, kind in kinds.items():
        setattr(sampler, name, np.array(document["sampler"][name], dtype=kind))
    for name in _SAMPLER_COUNTS:
        setattr(sampler, name, document["sampler"][name])
    synthesizer._data_sampler = sampler
    generator = Generator(
        synthesizer._embedding_dim + sampler.dim_cond_vec(),
        synthesizer._generator_dim,
        synthesizer._transformer.output_dimensions,
    )
    synthesizer._generator = _load(generator, state.tensors)
    return synthesizer


class TVAEAlgorithm:
    """Tabular variational autoencoder (Xu et al., NeurIPS 2019)."""

    def train(
        self,
        frame: pd.DataFrame,
        *,
        discrete: tuple[str, ...],
        parameters: FamilyParameters,
        seed: int,
        device: str,
        report: Report,
    ) -> Trained:
        """See `Algorithm.train`."""
        settings = parameters.model_dump()
        synthesizer = ReportingTVAE(**settings, enable_gpu=device != "cpu")
        losses = _fit(synthesizer, frame, discrete=discrete, epochs=parameters.epochs, seed=seed, report=report)
        document = {
            "algorithm": "tvae",
            "parameters": settings,
            "transformer": transformer_document(synthesizer.transformer),
        }
        return Trained(GeneratorState(_arrays(synthesizer.decoder), document), losses)

    def sample(self, state: GeneratorState, *, rows: int, seed: int) -> pd.DataFrame:
        """See `Algorithm.sample`."""
        synthesizer = tvae_from_state(state)
        synthesizer.set_random_state(seed)
        with _quiet():
            return synthesizer.sample(rows)


def tvae_from_state(state: GeneratorState) -> TVAE:
    """The `ctgan.TVAE` that was trained, ready to sample."""
    document = state.document
    synthesizer = ReportingTVAE(**document["parameters"], enable_gpu=False)
    synthesizer.transformer = transformer_from_document(document["transformer"])
    decoder = Decoder(synthesizer.embedding_dim, synthesizer.decompress_dims, synthesizer.transformer.output_dimensions)
    synthesizer.decoder = _load(decoder, state.tensors)
    return synthesizer
