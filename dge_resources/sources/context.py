"""What every reader of a source is given: the declaration, the folders, and how a failure is said.

Here: `SourceContext`, values from the environment, messages without secrets. Not here: opening
files or databases.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

from dge_assets.core.contract.contract import ColumnDeclaration, ContractDeclaration
from dge_assets.core.contract.masking import MASK, mask_secrets, secrets_in
from dge_assets.core.declaration.sources import SourceDeclaration
from dge_assets.core.errors import SourceError

Source_co = TypeVar("Source_co", bound=SourceDeclaration, covariant=True)

REASON_LENGTH = 300
_VARIABLE = r"\$\{(\w+)\}"
SHORTEST_SECRET = 4  # masking shorter values would blot out half of a message

_QUOTES_A_CELL = re.compile(
    r"convert|conversion|\bpars(e|ing)|\bcast|invalid (literal|input syntax|value)|out of range",
    re.IGNORECASE,
)
"""What libraries say of a cell that is not of a type; they quote the cell, and some the whole line
after it.
"""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class SourceContext(Generic[Source_co]):
    """One source of one table, and the folders that its declaration relies on.

    `base_folder` is where relative paths start (the folder of the declaration); `cache_folder`
    keeps downloads; `contract` is what is declared of the columns, under the names that they have
    after `rename`.
    """

    source: Source_co
    table: str
    base_folder: str
    cache_folder: str | None = None
    contract: ContractDeclaration | None = None

    def declared(self, name: str) -> ColumnDeclaration:
        """What the contract states of the column that is called `name` in the source."""
        stated = self.contract.columns if self.contract is not None else {}
        return stated.get(self.name_of(name), ColumnDeclaration())

    def name_of(self, name: str) -> str:
        """The name that a column of the source has after `strip` and `rename`."""
        name = name.strip() if self.source.strip else name
        return self.source.rename.get(name, name)

    def error(self, found: str, remedy: str) -> SourceError:
        """Make the error that names the table, the source, what was found and how to mend it,
        without secrets.
        """
        told = self._without_secrets(found)
        return SourceError(
            f"table {self.table!r}, source {self.source.describe()}: {told}. {remedy}"
        )

    @contextmanager
    def mending(self, found: str, remedy: str) -> Iterator[None]:
        """Turn any failure of the libraries called inside into a `SourceError` that quotes their
        reason.

        All exceptions are caught: which ones come depends on the file system, driver or parser that
        a declaration picks, and none of them is a defect of this program. Running out of memory is
        not the source's fault.
        """
        try:
            yield
        except (SourceError, MemoryError):
            raise
        except Exception as error:
            # A traceback prints the messages of all causes, so one that holds a secret takes its
            # whole chain away.
            is_clean = self._is_clean(error) and not _QUOTES_A_CELL.search(str(error))
            raise self.error(f"{found}: {self._reason(error)}", remedy) from (
                error if is_clean else None
            )

    def local_path(self, path: str) -> str:
        """Resolve a local path against the folder of the declaration."""
        return str(os.path.join(self.base_folder, os.path.expanduser(self.expand(path))))  # noqa: PTH118, PTH111

    def expand(self, text: str) -> str:
        """Replace each `${NAME}` by the environment's value."""
        return re.sub(_VARIABLE, self._environment_value, text)

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

    def _reason(self, error: Exception) -> str:
        text = str(error).strip()
        if _QUOTES_A_CELL.search(text):
            text = _QUOTED.sub("'...'", text.split("\n", maxsplit=1)[0])
        if self._secrets_of_query():  # what quotes a part of the query may cut a secret in two
            text = text.split("\n", maxsplit=1)[0]
        text = self._without_secrets(" ".join(text.split()))
        shown = text if len(text) <= REASON_LENGTH else text[:REASON_LENGTH] + "..."
        return f"{type(error).__name__}: {shown}".rstrip(" .:")

    def _is_clean(self, error: BaseException) -> bool:
        """Say whether neither the error nor what led to it quotes a secret."""
        if self._secrets_of_query():
            return False
        chain: list[BaseException] = []
        following: BaseException | None = error
        while following is not None and following not in chain:
            chain.append(following)
            following = following.__cause__ or following.__context__
        texts = ["".join(traceback.format_exception_only(link)) for link in chain]
        return all(self._without_secrets(text) == text for text in texts)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets():
            text = text.replace(secret, MASK)
        return mask_secrets(text)

    def _secrets(self) -> list[str]:
        """Find the passwords and query strings of the URLs, the texts of `storage_options`, and
        secrets in the query.
        """
        secrets = self._secrets_of_query()
        for name in ("url", "path"):
            url = self._expand_known(getattr(self.source, name, None) or "")
            parts = _split_url(url)
            secrets += [parts.password or "", parts.query] if parts else [url]
            secrets += secrets_in(url)
        options = getattr(self.source, "storage_options", {})
        secrets += [
            text for text in map(self._expand_known, _texts(options)) if "://" not in text
        ]  # URLs are masked
        secrets += [
            form for text in secrets for form in (unquote(text), text.strip(), repr(text)[1:-1])
        ]
        return sorted(
            (text for text in secrets if len(text) >= SHORTEST_SECRET), key=len, reverse=True
        )

    def _secrets_of_query(self) -> list[str]:
        return secrets_in(getattr(self.source, "query", ""))

    def _expand_known(self, text: str) -> str:
        """Expand the variables that are set: a message about one that is not must not ask for it
        again.
        """
        return re.sub(_VARIABLE, lambda match: os.environ.get(match.group(1), match.group()), text)


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
