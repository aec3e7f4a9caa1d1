"""The approaches that are compared, as values, and the names that tables give them.

Here: a name is written and read, and nowhere else: what an approach is made of, whether it is a
DGE, and where it stands in a table are asked of its value. Not here: predictions of an approach
(`scores.scored`), what its scores mean (`scores.tables`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIZED = re.compile(r"(dge|first|real_dge)_([1-9][0-9]*)")
"""Kinds that come in sizes, as `kind_K`."""


@dataclass(frozen=True)
class Approach:
    """One way to use datasets, or real rows: its kind, and of how many members K where it has
    sizes.

    `str(approach)` is the name in tables, from which `read` gives the value back.

    >>> Approach.read("dge_5"), str(dge(20)), Approach.read("oracle") == ORACLE
    (Approach(kind='dge', K=5), 'dge_20', True)
    """

    kind: str
    K: int | None = None

    @classmethod
    def read(cls, name: object) -> Approach:
        """The approach that a table calls `name`; any name is one, by itself if it is not known."""
        sized = _SIZED.fullmatch(str(name))
        return cls(sized[1], int(sized[2])) if sized else cls(str(name))

    def __str__(self) -> str:
        return self.kind if self.K is None else f"{self.kind}_{self.K}"

    @property
    def is_dge(self) -> bool:
        """Whether it is an ensemble over generators: `dge_K`, of any K."""
        return self.kind == "dge"

    @property
    def is_ensemble(self) -> bool:
        """Whether it is a DGE of several members; `dge_1` is a single model."""
        return self.is_dge and self.K != 1

    @property
    def members(self) -> int:
        """Of how many members' models it is made; 0 for those that other members would not replace:
        the oracle, and all that is made from dataset 0 or from all rows put together.
        """
        return 1 if self == NAIVE_SINGLE else (self.K or 0) if self.is_dge else 0

    @property
    def place(self) -> tuple[int, int, str]:
        """What tables are sorted by: oracle, the naive ones, then DGE by K, then any others by
        name.
        """
        if self in _FIRST:
            return 0, _FIRST.index(self), self.kind
        return (1, self.K or 0, self.kind) if self.is_dge else (2, 0, str(self))


ORACLE = Approach("oracle")
NAIVE = Approach("naive")
"""Of the evaluation: a model scored on the test part of its own dataset."""
NAIVE_SINGLE = Approach("naive_single")
SINGLE_MEAN = Approach("naive_single_mean")
"""The mean score over all datasets, where `naive_single` is dataset 0 alone."""
NAIVE_ENSEMBLE = Approach("naive_ensemble")
NAIVE_CONCAT = Approach("naive_concat")
_FIRST = (ORACLE, NAIVE, NAIVE_SINGLE, NAIVE_ENSEMBLE, NAIVE_CONCAT)


def dge(K: int) -> Approach:
    """The ensemble over the first K generators; in an evaluation, what their datasets claim."""
    return Approach("dge", K)


def first(K: int) -> Approach:
    """The models and the datasets of the first K members alone."""
    return Approach("first", K)


def real_dge(K: int) -> Approach:
    """A few real rows with each of K datasets in turn, K models averaged."""
    return Approach("real_dge", K)
