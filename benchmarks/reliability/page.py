"""The page of promises, tests and figures: `docs/reliability.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.reliability.promises import PROMISES, Promise
from benchmarks.reliability.stages import STAGES

HEAD = """# What holds under faults

Written by `python -m benchmarks.reliability` from `benchmarks/results/faults.json`; do not edit by hand. `make faults` runs
the long stages (hours on two cores) and writes this page; a stage that has figures is not run again unless it is named.
Short tests are part of `make test`.

## Promises

| what is promised | said in | short test | long form | last figure |
| --- | --- | --- | --- | --- |
"""
STAGES_HEAD = """
## The last long run

Counts are those that were really run; `make faults` runs the counts of `benchmarks/reliability/stages.py` where the environment
does not say otherwise.

| stage | test | counts | what came of it | failures | when |
| --- | --- | --- | --- | --- | --- |
"""


def page(kept: Mapping[str, Any]) -> str:
    """The page as Markdown. kept: by stage, what `stages.run` gives."""
    promises = "\n".join(_promise_line(promise, kept) for promise in PROMISES)
    stages = "\n".join(_stage_line(name, kept.get(name)) for name in STAGES)
    failures = [
        f"- **{name}**: {told}" for name, found in kept.items() for told in found["failures"]
    ]
    told = (
        "\n\n## What failed\n\nAs the tests told it.\n\n" + _plain("\n".join(failures))
        if failures
        else ""
    )
    return f"{HEAD}{promises}\n{STAGES_HEAD}{stages}{told}\n"


def _promise_line(promise: Promise, kept: Mapping[str, Any]) -> str:
    place = (
        promise.said_in.removeprefix("docs/")
        if promise.said_in.startswith("docs/")
        else f"../{promise.said_in}"
    )
    name = promise.said_in.rsplit("/", 1)[-1].removesuffix(".md")
    figures = [f"{stage}: {_verdict(kept.get(stage))}" for stage in promise.stages]
    cells = (
        promise.text,
        f"[{name}]({place})",
        _lines(f"`{test}`" for test in promise.short),
        _lines(promise.stages) or "none",
        _lines(figures) or "every `make test`",
    )
    return _row(cells)


def _stage_line(name: str, found: Mapping[str, Any] | None) -> str:
    counts = (found["settings"] if found else {}) or STAGES[name].counts
    cells = (
        name,
        f"`{STAGES[name].test}`",
        _lines(f"`{setting}={value}`" for setting, value in counts.items()),
        _outcome(found),
        (str(len(found["failures"])) + f" of {found['cases']}") if found else "",
        f"{found['date']}, {found['seconds'] / 60:.0f} min, {found['cores']} cores"
        if found
        else "",
    )
    return _row(cells)


def _outcome(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not run yet"
    figures = _lines(f"{figure}: {_plain(value)}" for figure, value in found["figures"].items())
    return figures or ("see below" if found["failures"] else "all as promised")


def _verdict(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "not run yet"
    failed = len(found["failures"])
    return (
        f"{found['date']}, {failed} of {found['cases']} failed"
        if failed
        else f"{found['date']}, no failure"
    )


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(texts)


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
