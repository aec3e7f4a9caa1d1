"""Exact copies: of real rows in synthetic data, of one member's dataset in another, of rows across
the split.

Here: counts of equal rows and the test whether there are more than chance gives. Rows are equal
when all cells are: floats exactly, and a missing cell equals a missing cell. Not here: near copies
and attacks, which need distances and models.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dge_assets.core.contract.values import coded
from dge_assets.core.errors import EvaluationError

RowCodes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CopyResult:
    """Copies of real_train rows in one synthetic dataset."""

    train_only: int
    """b: distinct synthetic rows that occur in the sample of real_train and not in that of
    real_test.
    """
    test_only: int
    """c: the reverse."""
    both: int
    """Distinct synthetic rows that occur in both samples."""
    p_value: float
    """Chance of at least b among b + c, were each as likely on either side."""
    compared_rows: int
    """Rows in each of the two samples of real rows."""
    distinct_rows: int
    """Distinct synthetic rows."""
    copied_rows: int
    """Synthetic rows that equal a row of the whole real_train, by chance or not."""
    copied_share: float
    """`copied_rows` as a share (0..1) of all synthetic rows."""

    def beyond_chance(self, *, alpha: float) -> bool:
        """Are there more copies than chance gives, at false-alarm rate `alpha` for this one test.

        For a verdict on K members give alpha / K (Bonferroni).
        """
        return self.p_value <= alpha

    @property
    def summary(self) -> str:
        """One line for people."""
        return (
            f"{self.copied_rows} synthetic rows ({self.copied_share:.2%}) equal a row of real_train; "
            f"of {self.compared_rows} rows of each side, {self.train_only} distinct synthetic rows meet only "
            f"real_train and {self.test_only} only real_test (p = {self.p_value:.3g})"
        )


@dataclass(frozen=True)
class DifferResult:
    """Are the members' datasets different from each other."""

    passed: bool
    """No two datasets are identical as a whole: the same rows in the same order."""
    identical: tuple[tuple[str, str], ...]
    """Pairs of members whose datasets are identical."""
    compared_pairs: int
    largest_shared_share: float | None
    """Largest share (0..1) of rows that two datasets have in common, each row matched once.

    None where no column is continuous: categorical rows coincide by chance, and the share says
    nothing.
    """
    largest_shared_pair: tuple[str, str] | None


@dataclass(frozen=True)
class OverlapResult:
    """Rows of real_train that are in real_test too."""

    passed: bool
    """No row id is on both sides."""
    shared_ids: tuple[Any, ...]
    """The first ten of them, sorted as text."""
    shared_id_count: int
    equal_rows: int | None
    """Rows of real_test with the same content as some row of real_train: natural duplicates, no
    failure.

    None where no frames were given.
    """


def copy_test(
    synthetic: pd.DataFrame,
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    *,
    columns: Sequence[str],
    seed: int | np.random.SeedSequence,
) -> CopyResult:
    """Does `synthetic` hold more exact copies of real_train's rows than chance gives.

    A table of few categories has copies by chance, so copies by themselves accuse nobody. real_test
    is the yardstick: the generator never saw it, and the split is random. Both sides are drawn down
    to m rows, m being the smaller side's size. Of the distinct synthetic rows, b occur in
    real_train's sample only and c in real_test's only; those in both or neither tell nothing. A
    generator that did not memorise meets either side alike: b ~ Binomial(b + c, 1/2), one-sided
    (McNemar's exact test, 1947; the idea of a held-out yardstick as in Platzer & Reutterer 2021).
    Distinct rows are counted since repeats of one row are not independent. Rows compete for the m
    places of a sample, which makes the test a little conservative.

    Limits: near copies (a float in its last digit) are not seen. Only m of real_train's rows take
    part, so with a small real_test few copies escape notice: where nothing is met by chance (c =
    0), it takes 5 copies among those m rows for p < 0.05 and 7 for p < 0.01. It presumes a random
    split by rows; if rows of one person stand on one side only, similar rows come in clumps. Copies
    of both sides (a leaked real_test) cancel. A generator that merely fits rare rows of real_train
    well adds to b a little, which a large table may show.

    `columns`: those to compare, without ids. Deterministic for a given `seed`.
    Raises EvaluationError for an absent column or a side without rows.
    """
    frames = {"synthetic": synthetic, "real_train": real_train, "real_test": real_test}
    empty = [name for name, frame in frames.items() if frame.empty]
    if empty:
        raise EvaluationError(f"copy test: {empty} have no rows to compare; give each at least one")
    made, train, test = _row_codes(frames, columns)
    generator = np.random.default_rng(seed)
    m = min(len(train), len(test))
    distinct = np.unique(made)
    in_train = np.isin(distinct, generator.choice(train, size=m, replace=False))
    in_test = np.isin(distinct, generator.choice(test, size=m, replace=False))
    train_only, test_only = int(np.sum(in_train & ~in_test)), int(np.sum(in_test & ~in_train))
    copied = int(np.isin(made, train).sum())
    return CopyResult(
        train_only=train_only,
        test_only=test_only,
        both=int(np.sum(in_train & in_test)),
        p_value=_one_sided_p(train_only, test_only),
        compared_rows=m,
        distinct_rows=len(distinct),
        copied_rows=copied,
        copied_share=copied / len(made),
    )


def members_differ(datasets: Mapping[str | int, pd.DataFrame]) -> DifferResult:
    """Compare the members' `datasets` (name -> frame, same columns) pair by pair.

    Fails only for datasets that are identical as a whole: two members that share a random stream
    give just that. Raises EvaluationError where the columns differ.
    """
    names = list(datasets)
    if not names:
        return DifferResult(True, (), 0, None, None)
    columns = list(datasets[names[0]].columns)
    for name in names[1:]:
        if list(datasets[name].columns) != columns:
            raise EvaluationError(
                f"member {name!r} has the columns {list(datasets[name].columns)}, but member {names[0]!r} has "
                f"{columns}; make both anew from one contract"
            )
    coded = _row_codes({f"member {name!r}": datasets[name] for name in names}, columns)
    codes = dict(zip(names, coded, strict=True))
    pairs = list(combinations(names, 2))
    identical = tuple((str(a), str(b)) for a, b in pairs if np.array_equal(codes[a], codes[b]))
    share, pair = None, None
    if pairs and any(pd.api.types.is_float_dtype(dtype) for dtype in datasets[names[0]].dtypes):
        counts = {name: np.unique(codes[name], return_counts=True) for name in names}
        share, pair = max(
            ((_shared_share(counts[a], counts[b]), (str(a), str(b))) for a, b in pairs)
        )
    return DifferResult(not identical, identical, len(pairs), share, pair)


def split_overlap(
    train_row_ids: Iterable[Hashable],
    test_row_ids: Iterable[Hashable],
    *,
    real_train: pd.DataFrame | None = None,
    real_test: pd.DataFrame | None = None,
    columns: Sequence[str] | None = None,
) -> OverlapResult:
    """Row ids on both sides of the split; with the two frames given, rows of equal content too.

    `columns`: those whose content counts; by default all of real_train but `row_id`.
    """
    shared = sorted(set(train_row_ids) & set(test_row_ids), key=str)
    first = tuple(value.item() if isinstance(value, np.generic) else value for value in shared[:10])
    equal = None
    if real_train is not None and real_test is not None:
        compared = (
            [name for name in real_train.columns if name != "row_id"]
            if columns is None
            else columns
        )
        train, test = _row_codes({"real_train": real_train, "real_test": real_test}, compared)
        equal = int(np.isin(test, train).sum())
    return OverlapResult(not shared, first, len(shared), equal)


def _row_codes(frames: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> list[RowCodes]:
    """Per frame one integer a row, equal for equal rows of whatever frame.

    No hashing, so no collisions.
    """
    for name, frame in frames.items():
        absent = [column for column in columns if column not in frame.columns]
        if absent:
            raise EvaluationError(
                f"{name}: columns {absent} are absent, so its rows cannot be compared"
            )
    sizes = [len(frame) for frame in frames.values()]
    codes = np.zeros(sum(sizes), dtype=np.int64)
    for column in columns:
        cells = coded(_cells([frame[column] for frame in frames.values()]))[0]
        # Renumbered after each column, so that the numbers stay below rows x distinct values.
        codes = pd.factorize(codes * (int(cells.max(initial=0)) + 1) + cells)[0].astype(np.int64)
    return np.split(codes, np.cumsum(sizes)[:-1])


def _cells(parts: Sequence[pd.Series]) -> pd.Series:
    """The column of all frames in one series of plain values: categories differ in their codes, not
    in those.
    """
    plain = [
        part.astype(object) if isinstance(part.dtype, pd.CategoricalDtype) else part
        for part in parts
    ]
    if len({part.dtype for part in plain}) > 1 and not all(
        map(pd.api.types.is_numeric_dtype, plain)
    ):
        plain = [part.astype(object) for part in plain]
    return pd.concat(plain, ignore_index=True)


def _one_sided_p(successes: int, failures: int) -> float:
    from scipy.stats import binom

    return float(binom.sf(successes - 1, successes + failures, 0.5))


def _shared_share(first: tuple[RowCodes, RowCodes], second: tuple[RowCodes, RowCodes]) -> float:
    """Rows in common, each matched once, as a share of the smaller dataset."""
    _, i, j = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    smaller = min(first[1].sum(), second[1].sum())
    return float(np.minimum(first[1][i], second[1][j]).sum() / smaller) if smaller else 0.0
