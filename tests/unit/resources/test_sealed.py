"""Sealed documents: read as written, and refused when one character is another."""

from __future__ import annotations

import json

import pytest

from dge_resources.sealed import sealed, unsealed

DOCUMENT = {"table": "größe", "passed": True, "share": 0.1, "subjects": ["a", "b"], "page": ""}


def test_a_document_comes_back_as_it_was_written() -> None:
    assert unsealed(sealed(DOCUMENT)) == DOCUMENT
    assert unsealed(sealed({"pair": (1, 2)})) == {"pair": [1, 2]}


def test_one_of_a_former_version_has_no_seal() -> None:
    assert unsealed(json.dumps(DOCUMENT).encode()) == DOCUMENT


def test_no_flipped_bit_gives_another_document() -> None:
    """Where the seal's own name is hit, the document has a field that no reader knows."""
    data = sealed(DOCUMENT)
    for position in range(len(data)):
        for bit in range(8):
            try:
                found = unsealed(
                    data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]
                )
            except ValueError:
                continue
            assert found == DOCUMENT or set(found) - set(DOCUMENT)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe"])
def test_what_is_no_document_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unsealed(data)
