"""Sources as a declaration names them, read and fingerprinted below a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from dge_assets.core.declaration.sources import SourceDeclaration
from dge_resources.sources import read_source, source_fingerprint


def declare(**keys: Any) -> Any:
    return TypeAdapter(SourceDeclaration).validate_python(keys)


def read(folder: Path, **keys: Any) -> pd.DataFrame:
    return read_source(declare(**keys), base_folder=str(folder), table="crash")


def fingerprint(folder: Path, **keys: Any) -> str:
    return source_fingerprint(declare(**keys), base_folder=str(folder), table="crash")


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
