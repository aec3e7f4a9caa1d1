"""Checkpoints: the state of members in training, so that a killed training goes on instead of
beginning anew.

A checkpoint belongs to one recipe and one device: a training of anything else does not see it. One
that cannot be read is as good as none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dge_assets.core.errors import StorageError
from dge_assets.core.lineage.provenance import Recipe
from dge_resources.home import Store
from dge_resources.problems import Problem

_HASH_BYTES = 32
_PATH = re.compile(r"checkpoints/([^/]+)/[^/]+/\d+/[0-9a-f]{24}-[^/]+\.safetensors")


@dataclass(frozen=True)
class MemberCheckpoints:
    """Checkpoints of some members, by seed (the form that training asks for)."""

    store: Store
    paths: Mapping[int, str]

    @classmethod
    def of(cls, store: Store, recipes: Mapping[int, Recipe], *, device: str) -> MemberCheckpoints:
        """Where members that are made by `recipes` on `device` keep theirs."""
        return cls(store, {seed: _path(recipe, device) for seed, recipe in recipes.items()})

    def load(self, seed: int) -> dict[str, Any] | None:
        """The last state that was kept; None where there is none that can be used."""
        import safetensors
        from safetensors.numpy import load

        try:
            data = self.store.read(self.paths[seed])
            return load(data[_HASH_BYTES:]) if _is_whole(data) else None
        except (StorageError, safetensors.SafetensorError):
            return None

    def save(self, seed: int, state: dict[str, Any]) -> None:
        """Keep a state in place of the one before."""
        from safetensors.numpy import save

        data = save(state)
        self.store.write(self.paths[seed], hashlib.sha256(data).digest() + data)

    def clear(self, seed: int) -> None:
        """Take a finished member's checkpoint away, and those of its former recipes."""
        self.store.remove(self.paths[seed].rsplit("/", 1)[0])


def survey_checkpoints(store: Store) -> list[Problem]:
    """Each file among the checkpoints that is none, or damaged: a training would begin anew."""
    problems = []
    for path in store.files("checkpoints"):
        found = _PATH.fullmatch(path)
        if found is None or not _is_whole(store.read(path)):
            why = (
                "is no checkpoint"
                if found is None
                else "is damaged, and a training would begin anew"
            )
            table = found[1] if found else ""
            problems.append(
                Problem(
                    table=table,
                    place=store.url(path),
                    message=f"{store.url(path)} {why}; delete it",
                )
            )
    return problems


def _is_whole(data: bytes) -> bool:
    return hashlib.sha256(data[_HASH_BYTES:]).digest() == data[:_HASH_BYTES]


def _path(recipe: Recipe, device: str) -> str:
    member = f"{recipe.table}/{recipe.family}/{recipe.seed or 0:03d}"
    return f"checkpoints/{member}/{recipe.sha256[:24]}-{device}.safetensors"
