"""Verdicts: what the checks found, kept with the record of what they looked at, for the report and
the release.

Dagster's own check events are a view of this; the release asks here, since a verdict on an older
artifact does not count for the present one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from dge_assets.core.errors import StorageError
from dge_resources.home import Store
from dge_resources.problems import Problem
from dge_resources.sealed import sealed, unsealed


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One check's result on one artifact."""

    table: str
    asset: str
    check: str
    member: str = ""
    """`ctgan/003`, or empty where the check is on the whole asset."""
    passed: bool
    severity: str
    summary: str
    subjects: tuple[str, ...]
    """Record ids of what was looked at."""
    rule: Mapping[str, Any] = field(default_factory=dict)
    """Thresholds and code version that it was given under; empty for verdicts of former versions.
    """
    measured: Mapping[str, float] = field(default_factory=dict)
    """What was found in numbers, such as `p_value`, where another threshold's verdict can be told
    from it.
    """
    page: str = ""
    """Where the full page of the validation is, if there is one."""


class FoundVerdicts(NamedTuple):
    """What a table's verdicts say, and the files among them that count as not given."""

    verdicts: list[Verdict]
    problems: list[Problem]


@dataclass(frozen=True)
class Verdicts:
    """Verdicts below `reports/<table>/quality/`."""

    store: Store

    def folder(self, table: str) -> str:
        """Relative folder of a table's verdicts and pages."""
        return f"reports/{table}/quality"

    def write(self, verdict: Verdict, page: str | None = None) -> Verdict:
        """Keep a verdict, and its page if there is one; returns it with the page's place."""
        stem = self._stem(verdict)
        if page is not None:
            self.store.write(f"{stem}.html", page.encode())
            verdict = Verdict(**{**asdict(verdict), "page": self.store.url(f"{stem}.html")})
        self.store.write(f"{stem}.json", sealed(asdict(verdict)))
        return verdict

    def survey(self, table: str) -> FoundVerdicts:
        """All verdicts of a table; a file that is damaged or in another's place is a problem, and
        stops no other.
        """
        verdicts, problems = list[Verdict](), list[Problem]()
        for path in self.store.files(self.folder(table)):
            if path.endswith(".json"):
                try:
                    verdicts.append(self._read(path, table))
                except StorageError as error:
                    problems.append(
                        Problem(table=table, place=self.store.url(path), message=str(error))
                    )
        return FoundVerdicts(verdicts, problems)

    def _stem(self, verdict: Verdict) -> str:
        parts = [verdict.asset, verdict.check, verdict.member]
        return f"{self.folder(verdict.table)}/" + "--".join(
            part.replace("/", "-") for part in parts if part
        )

    def _read(self, path: str, table: str) -> Verdict:
        try:
            document = unsealed(self.store.read(path))
            verdict = Verdict(**{**document, "subjects": tuple(document["subjects"])})
            if not isinstance(verdict.passed, bool):
                raise TypeError(f"passed is {verdict.passed!r}")
            if f"{self._stem(verdict)}.json" != path:
                raise ValueError("by its own record it is another verdict's")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"{self.store.url(path)} is not a verdict and counts as not given ({error!r}); delete it and run the check "
                f"again: {table}_train"
            ) from error
        return verdict
