"""The scripts that write pages of the documents, as modules."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from dge_resources.home import project_root


def script(name: str) -> ModuleType:
    """`docs/<name>.py`, imported and not run."""
    spec = importlib.util.spec_from_file_location(name, project_root() / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
