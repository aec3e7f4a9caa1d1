"""A member's files: the same bytes for the same member, and an error that names the place for
anything else.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from dge_assets.core.errors import StorageError
from dge_assets.core.generators.family import Training
from dge_assets.core.generators.members import TrainedMember
from dge_assets.core.generators.state_files import (
    CODEC,
    DOCUMENT,
    LOSSES,
    WEIGHTS,
    from_files,
    to_files,
)

PLACE = "crash/ctgan/generator[003]"


def test_reading_and_writing_again_gives_the_same_bytes(
    trained: tuple[Training, TrainedMember],
) -> None:
    _, member = trained
    files = to_files(member)
    assert sorted(files) == sorted([WEIGHTS, DOCUMENT, CODEC, LOSSES])
    again = from_files(files, place=PLACE)
    assert to_files(again) == files
    for name, value in member.state.tensors.items():
        assert again.state.tensors[name].dtype == value.dtype
        np.testing.assert_array_equal(again.state.tensors[name], value, strict=True)


@pytest.mark.parametrize("name", [WEIGHTS, DOCUMENT, CODEC, LOSSES])
@pytest.mark.parametrize(
    "data", [None, b"", b"\x80\x04.", b"[1, 2]", b"3", b"{}", b"null", b"\xff\xfe"]
)
def test_files_of_another_sort_are_refused_by_place(
    trained: tuple[Training, TrainedMember], name: str, data: bytes | None
) -> None:
    files = to_files(trained[1])
    files.pop(name) if data is None else files.update({name: data})
    with pytest.raises(
        StorageError,
        match=r"crash/ctgan/generator\[003\]: not a stored generator.*materialize it again",
    ):
        from_files(files, place=PLACE)


def test_truncated_weights_are_refused(trained: tuple[Training, TrainedMember]) -> None:
    files = to_files(trained[1])
    with pytest.raises(StorageError, match="not a stored generator"):
        from_files({**files, WEIGHTS: files[WEIGHTS][:-9]}, place=PLACE)


def test_nothing_in_the_files_can_run_code(trained: tuple[Training, TrainedMember]) -> None:
    """Three are JSON; safetensors is a length, a JSON header and raw numbers."""
    files = to_files(trained[1])
    for name in (DOCUMENT, CODEC, LOSSES):
        assert isinstance(json.loads(files[name]), dict)
    header_length = int.from_bytes(files[WEIGHTS][:8], "little")
    header = json.loads(files[WEIGHTS][8 : 8 + header_length])
    assert {entry["dtype"] for entry in header.values()} <= {"F32", "I64"}
