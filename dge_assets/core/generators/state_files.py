"""A trained member as files that cannot run code when loaded: safetensors and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import safetensors
from safetensors.numpy import load, save

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.effort import EPOCHS, Effort
from dge_assets.core.generators.encoding.encoded_table import EncodedTable
from dge_assets.core.generators.encoding.table_encoder import TableEncoder
from dge_assets.core.generators.family import GeneratorState
from dge_assets.core.generators.members import RESERVED, TrainedMember

WEIGHTS, DOCUMENT, CODEC, LOSSES, EFFORT = (
    "weights.safetensors",
    "generator.json",
    "codec.json",
    "losses.json",
    "effort.json",
)


def to_files(member: TrainedMember) -> dict[str, bytes]:
    """The files of a trained member; the same member gives the same bytes.

    A history by epoch tells the epochs, as it always did; any other effort has a file of its own.
    """
    tensors = {
        name: np.asarray(value, order="C") for name, value in sorted(member.state.tensors.items())
    }
    files = {
        WEIGHTS: save(tensors),
        DOCUMENT: _json(member.state.document),
        CODEC: _json({"codec": member.codec, "notes": member.notes}),
        LOSSES: _json(_history_document(member.history), sort_keys=False),  # columns have an order
    }
    if member.effort is None or member.effort != _effort_by(member.history):
        files[EFFORT] = _json(None if member.effort is None else asdict(member.effort))
    return files


def from_files(files: Mapping[str, bytes], *, place: str) -> TrainedMember:
    """The member that `to_files` wrote; StorageError naming `place` for files of another sort."""
    try:
        document, codec = json.loads(files[DOCUMENT]), json.loads(files[CODEC])
        history = pd.DataFrame(json.loads(files[LOSSES]))
        missing = set(RESERVED) - set(document)
        if missing:
            raise ValueError(f"{DOCUMENT} without {sorted(missing)}")
        state = GeneratorState(load(files[WEIGHTS]), document)
        return TrainedMember(
            state, codec["codec"], history, _stored_effort(files, history), codec["notes"]
        )
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise StorageError(
            f"{place}: not a stored generator ({error!r}); materialize it again"
        ) from error


def _effort_by(history: pd.DataFrame) -> Effort | None:
    """The effort that a history tells by itself."""
    return Effort(EPOCHS.name, len(history)) if "epoch" in history else None


def _stored_effort(files: Mapping[str, bytes], history: pd.DataFrame) -> Effort | None:
    if EFFORT in files:
        stated = json.loads(files[EFFORT])
        return None if stated is None else Effort(**stated)
    told = _effort_by(history)
    if told is None:
        raise ValueError(f"{LOSSES} without epochs, and no {EFFORT}")
    return told


def _history_document(history: pd.DataFrame) -> dict[str, list[Any]]:
    """JSON has no NaN: an epoch without a point of the learning curve has null there."""
    document: dict[str, list[Any]] = (
        history.astype(object).where(history.notna(), None).to_dict(orient="list")
    )
    return document


ENCODED, TRANSFORMER = "encoded.safetensors", "transformer.json"


def encoder_files(encoder: TableEncoder, encoded: EncodedTable) -> dict[str, bytes]:
    """The files of a fitted encoding and of the rows that it was fitted on."""
    return {
        CODEC: _json(encoder.codec.to_document()),
        TRANSFORMER: _json(encoder.transformer),
        ENCODED: save({"numbers": encoded.numbers, "codes": encoded.codes}),
    }


def encoder_from_files(
    files: Mapping[str, bytes], *, place: str
) -> tuple[TableEncoder, EncodedTable]:
    """The encoding that `encoder_files` wrote; StorageError naming `place` for files of another
    sort.
    """
    try:
        encoder = TableEncoder.from_documents(
            json.loads(files[CODEC]), json.loads(files[TRANSFORMER])
        )
        arrays = load(files[ENCODED])
        return encoder, EncodedTable(encoder.layout, arrays["numbers"], arrays["codes"])
    except (KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise StorageError(
            f"{place}: not a stored encoding ({error!r}); materialize it again"
        ) from error


def _json(document: Any, *, sort_keys: bool = True) -> bytes:
    return json.dumps(document, sort_keys=sort_keys, ensure_ascii=False).encode()
