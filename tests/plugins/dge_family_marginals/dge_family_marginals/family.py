"""What `marginals` does: a member keeps a bootstrap of the rows, and draws each column by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dge_assets.core.generators.family import Fitted, GeneratorState, Sampling, Training
from dge_assets.core.progress import Progress
from dge_family_marginals import MarginalsParameters


class Marginals:
    """Columns that know nothing of each other."""

    def fit(self, training: Training, progress: Progress) -> Iterator[tuple[int, Fitted]]:
        """See `Family.fit`."""
        parameters = training.parameters
        assert isinstance(parameters, MarginalsParameters)
        for done, seed in enumerate(training.seeds, start=1):
            rows = training.modelled_rows(seed)
            rng = np.random.default_rng(training.stream(seed))
            kept = rng.choice(len(rows), size=max(1, round(parameters.share * len(rows))))
            cells = {name: rows[name].to_numpy(dtype=float)[kept] for name in rows}
            words = [name for name in rows if isinstance(rows[name].dtype, pd.CategoricalDtype)]
            document = {"columns": list(rows), "codes": words}
            progress(done, len(training.seeds))
            yield seed, Fitted(GeneratorState(cells, document))

    def sampler(self, state: GeneratorState, sampling: Sampling) -> MarginalsSampler:
        """See `Family.sampler`."""
        return MarginalsSampler(state, sampling)


@dataclass(frozen=True)
class MarginalsSampler:
    """Draws rows of one member."""

    state: GeneratorState
    sampling: Sampling

    def chunks(self, rows: int, *, most: int) -> Iterator[pd.DataFrame]:
        """See `Sampler.chunks`."""
        names = self.state.document["columns"]
        # A stream for each column, so that how many rows are drawn at a time decides nothing.
        children = self.sampling.stream.spawn(len(names))
        streams = dict(zip(names, map(np.random.default_rng, children), strict=True))
        while rows > 0:
            taken = min(rows, most)
            yield pd.DataFrame({name: self._column(name, streams[name], taken) for name in names})
            rows -= taken

    def _column(self, name: str, stream: np.random.Generator, rows: int) -> np.ndarray:
        cells = self.state.tensors[name]
        drawn = cells[(stream.random(rows) * len(cells)).astype(int)]
        if name in self.sampling.condition:
            drawn = np.full(rows, float(self.sampling.condition[name]))
        if name in self.state.document["codes"]:
            return drawn.astype(int).astype(str).astype(object)
        return drawn


FAMILY = Marginals()
