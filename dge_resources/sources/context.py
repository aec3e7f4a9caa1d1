"""What every reader of a source is given: the declaration, the folders, and how a failure is said.

Here: `SourceContext`, values from the environment, messages without secrets. Not here: opening files or databases.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

from dge_assets.core.errors import SourceError
from dge_assets.core.source_declaration import SourceDeclaration, mask_secrets

Source_co = TypeVar("Source_co", bound=SourceDeclaration, covariant=True)

REASON_LENGTH = 300
SHORTEST_SECRET = 4  # masking shorter values would blot out half of a message


@dataclass(frozen=True)
class SourceContext(Generic[Source_co]):
    """One source of one table, and the folders that its declaration relies on.

    `base_folder` is where relative paths start (the folder of the declaration); `cache_folder` keeps downloads.
    """

    source: Source_co
    table: str
    base_folder: str
    cache_folder: str | None = None

    def error(self, found: str, remedy: str) -> SourceError:
        """Make the error that names the table, the source, what was found and how to mend it."""
        return SourceError(f"table {self.table!r}, source {self.source.describe()}: {found}. {remedy}")

    @contextmanager
    def mending(self, found: str, remedy: str) -> Iterator[None]:
        """Turn any failure of the libraries called inside into a `SourceError` that quotes their reason.

        All exceptions are caught: which ones come depends on the file system, driver or parser that a declaration
        picks, and none of them is a defect of this program. Running out of memory is not the source's fault.
        """
        try:
            yield
        except (SourceError, MemoryError):
            raise
        except Exception as error:
            reason, clean = self._reason(error)
            # A traceback prints the cause's own message, so a cause that holds a secret is left out.
            raise self.error(f"{found}: {reason}", remedy) from (error if clean else None)

    def local_path(self, path: str) -> str:
        """Resolve a local path against the folder of the declaration."""
        return str(os.path.join(self.base_folder, os.path.expanduser(self.expand(path))))  # noqa: PTH118, PTH111

    def expand(self, text: str) -> str:
        """Replace each `${NAME}` by the environment's value."""
        return re.sub(r"\$\{(\w+)\}", self._environment_value, text)

    def expand_all(self, value: Any) -> Any:
        """Do the same to all texts inside mappings and lists."""
        if isinstance(value, str):
            return self.expand(value)
        if isinstance(value, dict):
            return {key: self.expand_all(inner) for key, inner in value.items()}
        return [self.expand_all(inner) for inner in value] if isinstance(value, list) else value

    def _environment_value(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            self._refuse_missing_variable(name)
        return os.environ[name]

    def _refuse_missing_variable(self, name: str) -> NoReturn:
        raise self.error(
            f"it uses the environment variable {name}, which is not set",
            f"Set {name} where Dagster runs (for example `export {name}=...`), or write the value in the declaration",
        )

    def _reason(self, error: Exception) -> tuple[str, bool]:
        original = " ".join(str(error).split())
        text = original
        for secret in self._secrets():
            text = text.replace(secret, "***")
        text = mask_secrets(text)
        shown = text if len(text) <= REASON_LENGTH else text[:REASON_LENGTH] + "..."
        return f"{type(error).__name__}: {shown}".rstrip(" .:"), text == original

    def _secrets(self) -> list[str]:
        """Find the passwords and query strings of the URLs, and the texts of `storage_options`, as expanded."""
        secrets: list[str] = []
        for name in ("url", "path"):
            url = getattr(self.source, name, None)
            if url:
                parts = _split_url(self.expand(url))
                secrets += [parts.password or "", parts.query] if parts else [self.expand(url)]
        options = self.expand_all(getattr(self.source, "storage_options", {}))
        secrets += [text for text in _texts(options) if "://" not in text]  # `mask_secrets` sees to URLs
        secrets += [unquote(text) for text in secrets]
        return sorted((text for text in secrets if len(text) >= SHORTEST_SECRET), key=len, reverse=True)


def _split_url(url: str) -> Any:
    try:
        return urlsplit(url) if "://" in url else urlsplit("")
    except ValueError:  # a URL that cannot be split is masked as a whole
        return None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]
