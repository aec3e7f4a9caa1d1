"""The page of `training_speed`: measured ratios beside what was asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Results = Mapping[str, Mapping[str, Any]]

HEAD = """# What training costs

Written by `make bench` (`python -m benchmarks.training_speed`) from measurements that it made and keeps in
`benchmarks/results/training_speed.json`. Each ratio is of two times measured in one run on one machine. `package` is `ctgan` 0.12
as it is installed, with its own processes for encoding turned off.

"""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(r) + " |" for r in rows),
    ]
    return "\n".join(lines) + "\n"


def page(results: Results) -> str:
    """The page for what has been measured so far."""
    parts = [
        HEAD,
        _against_the_package(results),
        _memory(results),
        _growth(results),
        _fading(results),
        _dagster(results),
    ]
    return "\n".join(part for part in parts if part)


def _verdict(ratio: float, most: float, aim: float) -> str:
    return "aim reached" if ratio <= aim else "reached" if ratio <= most else "not reached"


def _against_the_package(results: Results) -> str:
    rows = []
    for name, found in results.items():
        kind, *rest = name.split()
        if kind == "wall":
            family, table = rest
            most, aim = (1 / 3, 1 / 6) if family == "ctgan" else (1 / 2.5, 1 / 5)
            what = f"K = {found['members']} {family}, {table}, 2,000 rows, 300 epochs, {found['cores']} cores: wall"
            if found["timed"] < found["members"]:
                what += f" (the package's: {found['timed']} members timed, times {found['members'] / found['timed']:g})"
            rows.append(_row(what, found["ours_seconds"], found["package_seconds"], "s", most, aim))
        elif kind == "step":
            family, table = rest
            most, aim = (
                (1 / 1.8, (found["floor_ms"] or 0) / found["package_ms"])
                if family == "ctgan"
                else (1, 0)
            )
            what = f"one step of {family}, {table}, 2,000 rows, one thread each"
            rows.append(_row(what, found["ours_ms"], found["package_ms"], "ms", most, aim))
        elif kind == "epoch":
            what = f"an epoch of ctgan on all {found['rows']:,} rows of {rest[1]}, one thread each"
            rows.append(
                _row(what, found["ours_seconds"], found["package_seconds"], "s", 1 / 3, 1 / 6)
            )
    if not rows:
        return ""
    head = ["what", "ours", "package", "ratio", "must be", "aim", "verdict"]
    floors = [
        f"The matrix products alone of a CTGAN step of {name.split()[2]} take {found['floor_ms']:.1f} ms here, measured in the "
        f"same run: {found['floor_ms'] / found['ours_ms']:.0%} of our step. It bounds what is left to gain on a CPU.\n"
        for name, found in results.items()
        if name.startswith("step ctgan")
    ]
    return "## Beside the package\n\n" + _table(head, rows) + "\n" + "\n".join(floors)


def _row(what: str, ours: float, package: float, unit: str, most: float, aim: float) -> list[str]:
    ratio = ours / package
    bound = f"1/{1 / most:.1f}" if most < 1 else "-"
    wanted = f"1/{1 / aim:.1f}" if aim else "-"
    verdict = _verdict(ratio, most, aim) if most < 1 else "-"
    return [
        what,
        f"{ours:.2f} {unit}",
        f"{package:.2f} {unit}",
        f"1/{1 / ratio:.1f}",
        bound,
        wanted,
        verdict,
    ]


def _memory(results: Results) -> str:
    lines = []
    if "memory 1000000" in results:
        found = results["memory 1000000"]
        bound = 2 * found["table_mb"] + 500
        for family in ("ctgan", "tvae"):
            peak, before = found[f"{family}_peak_mb"], found[f"{family}_start_mb"]
            said = "at most" if peak <= bound else "ABOVE"
            lines.append(
                f"- The worker process of one {family} member in training on 1,000,000 rows x 15 columns: resident peak "
                f"{peak:.0f} MB, of which {before:.0f} MB were there before it had work; {said} twice the encoded table "
                f"({found['table_mb']:.0f} MB; as one-hot float32 it would be {found['one_hot_mb']:.0f} MB) and 500 MB. Pages "
                f"that it shares with other workers are counted."
            )
    if "sample 1000000" in results:
        found = results["sample 1000000"]
        for family in ("ctgan", "tvae"):
            seconds = found[f"{family}_seconds"]
            said = "at most" if seconds <= 60 else "ABOVE"
            lines.append(
                f"- 1,000,000 rows drawn by {family} and written to the lake: {seconds:.0f} s, {said} 60 s."
            )
        said = "at most" if found["peak_mb"] <= 1000 else "ABOVE"
        lines.append(f"- Their peak memory: {found['peak_mb']:.0f} MB, {said} 1,000 MB.")
    return "## Memory and sampling\n\n" + "\n".join(lines) + "\n" if lines else ""


def _growth(results: Results) -> str:
    lines = []
    for kind, field, what in (
        ("rows", "epoch_seconds", "CPU seconds of an epoch against rows"),
        ("stack", "step_ms", "milliseconds of a step against K members in one stack on a CPU"),
        ("levels", "step_ms", "milliseconds of a step against levels of one column"),
    ):
        points = {
            int(n.split()[1]): float(f[field])
            for n, f in results.items()
            if n.startswith(f"{kind} ")
        }
        if len(points) > 2:
            lines.append(_slope(what, dict(sorted(points.items()))))
    head = "## Growth\n\nThe slope is that of the logarithms: 1 is proportional growth, less is better than that.\n\n"
    return head + "\n".join(lines) + "\n" if lines else ""


def _fading(results: Results) -> str:
    if "fading 300" not in results:
        return ""
    found = results["fading 300"]
    slower, still = (
        found[f"{name}_last"] / found[f"{name}_first"] for name in ("as_they_are", "as_zero")
    )
    return (
        "## Numbers that fade\n\n"
        "Weights that a training no longer uses fade into numbers below 1.2e-38, with which a CPU computes slowly. Our trainer "
        f"counts them as 0. TVAE on {found['rows']:,} rows of crash, {found['epochs']} epochs: the last tenth of the epochs took "
        f"{slower:.1f} times as long as the first with such numbers as they are, {still:.1f} times with them as 0; all epochs "
        f"{found['as_they_are_all']:.0f} s and {found['as_zero_all']:.0f} s of the CPU.\n"
    )


def _slope(what: str, points: Mapping[int, float]) -> str:
    sizes, values = np.log(list(points)), np.log(list(points.values()))
    slope = float(np.polyfit(sizes, values, 1)[0])
    shown = ", ".join(f"{size:,}: {value:.3g}" for size, value in points.items())
    return f"- {what}: {shown}; slope {slope:.2f}"


def _dagster(results: Results) -> str:
    if "dagster" not in results:
        return ""
    found = results["dagster"]
    extra = found["dagster_seconds"] - found["bare_seconds"]
    share, each = extra / found["bare_seconds"], extra / found["members"]
    said = "reached" if share <= 0.1 and each <= 1 else "not reached"
    return (
        "## Dagster's own cost\n\n"
        f"A run of {found['members']} TVAE members through Dagster took {found['dagster_seconds']:.1f} s, the bare call "
        f"{found['bare_seconds']:.1f} s: {share:+.0%}, {each:+.2f} s a member. "
        f"Asked for: at most 10 % and 1 s a member; {said}.\n"
    )
