"""A trained member as files that cannot run code when loaded: safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import safetensors
from safetensors.numpy import load, save

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.base import GeneratorState
from dge_assets.core.generators.members import ALGORITHM_FACTORIES, TrainedMember

WEIGHTS, DOCUMENT, CODEC, LOSSES = "weights.safetensors", "generator.json", "codec.json", "losses.json"


def to_files(member: TrainedMember) -> dict[str, bytes]:
    """The files of a trained member; the same member gives the same bytes."""
    tensors = {name: np.asarray(value, order="C") for name, value in sorted(member.state.tensors.items())}
    return {
        WEIGHTS: save(tensors),
        DOCUMENT: _json(member.state.document),
        CODEC: _json({"codec": member.codec, "notes": member.notes}),
        LOSSES: _json(member.losses.to_dict(orient="list"), sort_keys=False),  # columns have an order
    }


def from_files(files: Mapping[str, bytes], *, place: str) -> TrainedMember:
    """The member that `to_files` wrote; StorageError naming `place` for files of another sort."""
    try:
        document, codec = json.loads(files[DOCUMENT]), json.loads(files[CODEC])
        losses = pd.DataFrame(json.loads(files[LOSSES]))
        if document["algorithm"] not in ALGORITHM_FACTORIES or "epoch" not in losses:
            raise ValueError(f"algorithm {document['algorithm']!r}, losses {list(losses)}")
        state = GeneratorState(load(files[WEIGHTS]), document)
        return TrainedMember(state, codec["codec"], losses, codec["notes"])
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise StorageError(f"{place}: not a stored generator ({error!r}); materialize it again") from error


def _json(document: Any, *, sort_keys: bool = True) -> bytes:
    return json.dumps(document, sort_keys=sort_keys, ensure_ascii=False).encode()
