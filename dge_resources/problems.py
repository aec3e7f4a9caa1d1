"""What is wrong with something that is kept: a value that is told and gone round, where an error
would stop all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from dge_assets.core.lineage.provenance import Provenance


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One file or set of files that is damaged, foreign or out of place."""

    table: str
    """The table whose it is; empty where it is nobody's."""
    asset: str = ""
    """The asset whose it is, where its place tells that."""
    place: str
    """Where it is, for people."""
    message: str
    """What was found, and how to mend it."""


class Survey(NamedTuple):
    """What a look at everything of a kind found."""

    records: list[Provenance]
    problems: list[Problem]


class Finding(NamedTuple):
    """What a look at everything that is kept found wrong, with the command that mends it."""

    problem: Problem
    command: str
