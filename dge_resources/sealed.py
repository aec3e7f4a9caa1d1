"""Small JSON documents with a hash over all that they say: one that was damaged or changed is told
from one as written.

Here: the bytes. Not here: what the documents mean, and what their readers refuse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dge_assets.core.lineage.fingerprint import document_sha256

SEAL = "sealed_by"


def sealed(document: Mapping[str, Any]) -> bytes:
    """The document as JSON for people, with its seal."""
    return json.dumps(
        {**document, SEAL: document_sha256(document)}, indent=1, ensure_ascii=False
    ).encode()


def unsealed(data: bytes) -> dict[str, Any]:
    """The document without its seal; ValueError where it does not say what it said when it was
    sealed.

    A document without a seal is one of a former version, and given as it is. Who reads it must
    refuse a field that it does not know: one may be the damaged name of the seal.
    """
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 (as any other bytes that are no such document)
    seal = document.pop(SEAL, None)
    if seal not in (None, document_sha256(document)):
        raise ValueError("its content is not what it was when it was written")
    return document
