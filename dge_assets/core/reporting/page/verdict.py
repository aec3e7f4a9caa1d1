"""The verdict: a few sentences that are chosen by the numbers.

Each changes when the numbers change, and none claims more than they show: a difference within the
spread is said to be within the spread. Not here: the numbers themselves (`comparisons`), the page
(`report`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import isfinite

import pandas as pd

from dge_assets.core.reporting.frames import largest_dge, sign_of
from dge_assets.core.reporting.page.comparisons import (
    ClaimError,
    Gain,
    mean_claim_errors,
    training_gains,
)
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.texts import decimals_for, number_text, short_number
from dge_assets.core.scores.metrics import metric_goal


def verdict(report: ReportInput) -> list[str]:
    """Say in a few sentences what the numbers show: gain, distance to real data, honesty of claims,
    checks.

    Before them stands what less was trained than declared, if anything.
    """
    metrics, scores = report.metrics, report.frame("training_scores")
    differences = report.frame("approach_differences")
    gains = training_gains(scores, differences, metrics=metrics, model=report.model)
    errors = mean_claim_errors(report.frame("claim_errors"), metrics=metrics, model=report.model)
    sentences = [*_gain_sentences(gains), *_best_sentences(gains, metrics)]
    opening = [report.notice] if report.notice else []
    return [*opening, *sentences, *_claim_sentences(errors), _check_sentence(report.checks)]


def _gain_sentences(gains: Sequence[Gain]) -> list[str]:
    if not gains:
        return [
            "No DGE was scored beside naive_single, so nothing can be said about what an ensemble gains."
        ]
    sentences = []
    for metric in dict.fromkeys(gain.metric for gain in gains):
        phrases = "; ".join(_gain_phrase(gain) for gain in gains if gain.metric == metric)
        goal = metric_goal(metric)
        sentences.append(
            f"Against models trained on one synthetic dataset each (their mean score), on {metric} ({goal} is better): "
            f"{phrases}."
        )
    return sentences


def _gain_phrase(gain: Gain) -> str:
    show = partial(number_text, decimals=gain.decimals)
    ends = f"{show(gain.value)} against {show(gain.naive)}"
    if gain.verdict == "the same":
        return f"for {gain.family}, {gain.approach} is the same to the digits shown ({ends})"
    opening = f"for {gain.family}, {gain.approach} is {gain.verdict} by {show(abs(gain.gain))}"
    if gain.remark:
        return f"{opening} ({ends}), which is no evidence: {gain.remark}"
    if not isfinite(gain.low):
        return f"{opening} ({ends}; how it would be with other members and test rows is not known)"
    covers = "covers zero: not shown" if gain.low <= 0 <= gain.high else "leaves out zero"
    return (
        f"{opening} ({ends}; with other members and test rows by {show(gain.low)} to {show(gain.high)} at 95 %, which "
        f"{covers})"
    )


def _best_sentences(gains: Sequence[Gain], metrics: Sequence[str]) -> list[str]:
    """Name the best approach of the first metric and its distance to the oracle of the same family."""
    compared = [gain for gain in gains if gain.metric == metrics[0] and isfinite(gain.oracle)]
    if not compared:
        return []
    best = max(compared, key=lambda gain: sign_of(gain.metric) * gain.best_value)
    short = sign_of(best.metric) * (best.oracle - best.best_value)
    show = partial(number_text, decimals=best.decimals)
    apart = f"{show(abs(short))} {'short of' if short > 0 else 'beyond'}"
    distance = apart if round(short, best.decimals) else "level with"
    return [
        f"The best {best.metric} without real rows, chosen on these test rows, is {best.best} of {best.family} with "
        f"{show(best.best_value)}, {distance} a model trained on real rows (oracle, {show(best.oracle)})."
    ]


def _claim_sentences(errors: Sequence[ClaimError]) -> list[str]:
    sentences = []
    for metric in dict.fromkeys(error.metric for error in errors):
        of_metric = [error for error in errors if error.metric == metric]
        phrases = []
        for family in dict.fromkeys(error.family for error in of_metric):
            claims = {error.approach: error for error in of_metric if error.family == family}
            largest = largest_dge(claims)
            if largest and "naive" in claims:
                phrases.append(_claim_phrase(family, claims["naive"], claims[largest]))
        if phrases:
            opening = f"Scores computed from synthetic rows alone miss the {metric} on real rows"
            sentences.append(f"{opening}, as a mean over members and models, {'; '.join(phrases)}.")
    return sentences


def _claim_phrase(family: str, naive: ClaimError, dge: ClaimError) -> str:
    both = f"for {family} by {short_number(naive.error)} (naive) and {short_number(dge.error)} ({dge.approach})"
    return ", ".join(filter(None, [both, _belief(naive, dge), _nearer(dge)]))


def _belief(naive: ClaimError, dge: ClaimError) -> str:
    """What is not to be believed at all, whichever is nearer."""
    if not (naive.is_far_off or dge.is_far_off):
        return ""
    beyond = f"not to be believed, being off by more than {short_number(dge.limit)}"
    if naive.is_far_off and dge.is_far_off:
        return f"both {beyond}"
    return f"{'the naive ones' if naive.is_far_off else f'those of {dge.approach}'} {beyond}"


def _nearer(dge: ClaimError) -> str:
    """Which is nearer the truth, where an interval over members and test rows says so."""
    if not isfinite(dge.low):
        return "and which is nearer with other members and test rows is not known"
    decimals = decimals_for([dge.low, dge.high])
    ends = f"{number_text(dge.low, decimals)} to {number_text(dge.high, decimals)}"
    interval = f"95 % of what {dge.approach} is nearer by, with other members and test rows: {ends}"
    if dge.low <= 0 <= dge.high:
        return f"and which is nearer is not shown ({interval})"
    return f"and {dge.approach if dge.low > 0 else 'naive'} is nearer the truth ({interval})"


def _check_sentence(checks: pd.DataFrame) -> str:
    if checks.empty:
        return "No checks are recorded with this report."
    failed = checks[~checks["passed"].astype(bool)]
    if failed.empty:
        return f"All {len(checks)} checks passed."
    kinds = failed["severity"].astype(str).str.lower().value_counts().sort_index()
    parts = ", ".join(f"{count} of severity {kind}" for kind, count in kinds.items())
    return (
        f"{len(failed)} of {len(checks)} checks did not pass ({parts}): see Checks before deciding."
    )
