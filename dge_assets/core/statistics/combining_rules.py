"""Combining rules: one estimate and its variance from each of K synthetic datasets, one interval
out.

Here: the rules, and what each assumes of the generators. Not here: computing an estimate from rows
(`estimates`), which statistics are asked for (`declaration.statistics`). `docs/coverage.md`
measures how often each interval holds the truth.

Symbols: q (K,) estimates, u (K,) their variances if each dataset were a sample of the population,
q̄ and ū their means, b the variance of q (ddof 1), n_real the rows that the generators learnt from,
n_synthetic the rows of one dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import (
    ndtr,
    ndtri,
    stdtrit,
)  # many times faster than scipy.stats for single numbers

from dge_assets.core.arrays import Array
from dge_assets.core.errors import EvaluationError

CONFIDENCE = 0.95
FEWEST_DEGREES = 1.0
"""Below one degree of freedom a t interval has no width worth the name; such cases are raised to it
and flagged.
"""

SMALLEST_RATIO = 1e-9
"""A variance between datasets below this share of that within leaves a normal distribution, to all
digits.
"""


@dataclass(frozen=True, kw_only=True)
class CombinedEstimate:
    """A combined estimate.

    `low` and `high` are NaN where `reason` says why; `flag` tells what the rule had to mend.
    """

    rule: str
    estimate: float
    variance: float
    degrees: float
    low: float
    high: float
    flag: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Members:
    """What a rule is given: q and u of K datasets, rows of the real table and of each dataset."""

    q: Array
    u: Array
    n_real: int
    n_synthetic: int

    @property
    def count(self) -> int:
        """K, the number of datasets."""
        return len(self.q)

    @property
    def b(self) -> float:
        """Variance between datasets, ddof 1."""
        return float(np.var(self.q, ddof=1))


@dataclass(frozen=True)
class RuleCard:
    """One rule: how many datasets it needs at least, for which generators it is made, and what
    computes it.

    `reads` is how many datasets it looks at, the first ones in seed order; None is all.
    """

    name: str
    fewest: int
    source: str
    made_for: str
    function: Callable[[Members, float], CombinedEstimate]
    reads: int | None = None


def combine_estimates(
    q: Sequence[float] | Array,
    u: Sequence[float] | Array,
    *,
    rule: str,
    n_real: int,
    n_synthetic: int,
    confidence: float = CONFIDENCE,
) -> CombinedEstimate:
    """The interval of `rule` (a key of `RULES`) from estimates q (K,) and their variances u (K,).

    An estimate that is not finite makes the interval NaN with a reason, as leaving a dataset out
    would compare other datasets; so does a K that the rule cannot work with. Where q does not vary,
    `flag` says that K datasets tell no more than one. EvaluationError for an unknown rule, arrays
    that do not fit, negative variances.

    >>> interval = combine_estimates([1.0, 3.0], [0.5, 0.5], rule="rubin_1987", n_real=100, n_synthetic=100)
    >>> interval.estimate, interval.variance
    (2.0, 3.5)
    """
    card = rule_card(rule)
    q, u = q[: card.reads], u[: card.reads]
    members = _members(q, u, n_real=n_real, n_synthetic=n_synthetic, confidence=confidence)
    reason = _why_undefined(members, card)
    if reason:
        estimate = (
            float(np.mean(members.q)) if members.count and np.isfinite(members.q).all() else nan
        )
        return CombinedEstimate(
            rule=rule,
            estimate=estimate,
            variance=nan,
            degrees=nan,
            low=nan,
            high=nan,
            reason=reason,
        )
    interval = card.function(members, confidence)
    if members.count > 1 and not np.ptp(members.q):
        note = "all datasets give the same estimate, so K datasets tell no more than one"
        interval = replace(interval, flag="; ".join(filter(None, [interval.flag, note])))
    return interval


def _members(
    q: Sequence[float] | Array,
    u: Sequence[float] | Array,
    *,
    n_real: int,
    n_synthetic: int,
    confidence: float,
) -> Members:
    estimates, variances = np.asarray(q, dtype=np.float64), np.asarray(u, dtype=np.float64)
    if estimates.ndim != 1 or estimates.shape != variances.shape:
        raise EvaluationError(
            f"q and u must be of one length, found shapes {estimates.shape} and {variances.shape}"
        )
    if (variances < 0).any():
        raise EvaluationError(f"a variance is below zero: u={variances.tolist()}")
    if n_real < 1 or n_synthetic < 1:
        raise EvaluationError(
            f"rows must be counted from 1, found n_real={n_real}, n_synthetic={n_synthetic}"
        )
    if not 0 < confidence < 1:
        raise EvaluationError(f"confidence is a share between 0 and 1, found {confidence}")
    return Members(q=estimates, u=variances, n_real=n_real, n_synthetic=n_synthetic)


def _why_undefined(members: Members, card: RuleCard) -> str:
    if card.fewest > members.count:
        return f"K = {members.count}: {card.name} needs at least {card.fewest} dataset{'s' * (card.fewest > 1)}"
    odd = np.flatnonzero(~(np.isfinite(members.q) & np.isfinite(members.u)))
    return f"no finite estimate and variance in dataset {int(odd[0])}" if len(odd) else ""


def rule_card(rule: str) -> RuleCard:
    """The card of `rule`; EvaluationError naming the allowed ones when there is none."""
    if rule not in RULES:
        raise EvaluationError(f"no combining rule {rule!r}; allowed are {list(RULES)}")
    return RULES[rule]


def _student(
    rule: str, estimate: float, variance: float, degrees: float, confidence: float, flag: str = ""
) -> CombinedEstimate:
    """estimate ± t · √variance, the t of `degrees` degrees of freedom (inf: normal)."""
    upper = 0.5 + confidence / 2
    quantile = float(stdtrit(degrees, upper) if isfinite(degrees) else ndtri(upper))
    reach = quantile * sqrt(variance)
    low, high = estimate - reach, estimate + reach
    return CombinedEstimate(
        rule=rule,
        estimate=estimate,
        variance=variance,
        degrees=degrees,
        low=low,
        high=high,
        flag=flag,
    )


def _degrees(members: Members, within: float, between: float) -> float:
    """(K - 1)(1 + within / between)², and inf where that is too large to differ from it."""
    return (
        (members.count - 1) * (1 + within / between) ** 2
        if between > within * SMALLEST_RATIO
        else inf
    )


def _naive_single(members: Members, confidence: float) -> CombinedEstimate:
    """Dataset 0 as if it were the real table: q_0 ± t √u_0."""
    degrees = max(members.n_synthetic - 1.0, FEWEST_DEGREES)
    return _student("naive_single", float(members.q[0]), float(members.u[0]), degrees, confidence)


def _naive_concat(members: Members, confidence: float) -> CombinedEstimate:
    """All datasets as if their K · n_synthetic rows had been seen: T = ū / K."""
    degrees = max(members.count * members.n_synthetic - 1.0, FEWEST_DEGREES)
    variance = float(np.mean(members.u)) / members.count
    return _student("naive_concat", float(np.mean(members.q)), variance, degrees, confidence)


def _rubin(members: Members, confidence: float) -> CombinedEstimate:
    """T = ū + (1 + 1/K) b, df = (K - 1)(1 + ū / ((1 + 1/K) b))² (Rubin 1987, equations 3.1.5 and
    3.1.6).
    """
    within, between = float(np.mean(members.u)), (1 + 1 / members.count) * members.b
    degrees = _degrees(members, within, between)
    return _student("rubin_1987", float(np.mean(members.q)), within + between, degrees, confidence)


def _raghunathan(members: Members, confidence: float) -> CombinedEstimate:
    """T = (1 + 1/K) b - ū, df = (K - 1)(1 - ū / ((1 + 1/K) b))² (Raghunathan, Reiter and Rubin
    2003).

    T can fall below zero; then T* = (n_synthetic / n_real) ū with K - 1 degrees (Reiter 2002),
    flagged. Where T is barely positive its degrees of freedom go to zero and the interval to
    infinity: they are raised to one, flagged.
    """
    within, between = float(np.mean(members.u)), (1 + 1 / members.count) * members.b
    variance, estimate = between - within, float(np.mean(members.q))
    if variance <= 0:
        replaced = members.n_synthetic / members.n_real * within
        flag = (
            "T was not above zero; (n_synthetic / n_real) ū is used in its place" if within else ""
        )
        return _student(
            "raghunathan_2003", estimate, replaced, members.count - 1.0, confidence, flag
        )
    degrees = (members.count - 1) * (1 - within / between) ** 2
    flag = "less than one degree of freedom; taken as one" if degrees < FEWEST_DEGREES else ""
    return _student(
        "raghunathan_2003", estimate, variance, max(degrees, FEWEST_DEGREES), confidence, flag
    )


def _reiter(members: Members, confidence: float) -> CombinedEstimate:
    """T = ū + b / K, df = (K - 1)(1 + K ū / b)² (Reiter 2003, partially synthetic data)."""
    within, between = float(np.mean(members.u)), members.b / members.count
    degrees = _degrees(members, within, between)
    return _student("reiter_2003", float(np.mean(members.q)), within + between, degrees, confidence)


def _raab(members: Members, confidence: float) -> CombinedEstimate:
    """T = ū (n_synthetic / n_real + 1/K), normal (Raab, Nowok and Dibben 2016, T_s): needs no b, so
    K may be 1.
    """
    variance = float(np.mean(members.u)) * (
        members.n_synthetic / members.n_real + 1 / members.count
    )
    return _student("raab_2016", float(np.mean(members.q)), variance, inf, confidence)


def _mixture(members: Members, confidence: float) -> CombinedEstimate:
    """Central interval of the mixture of the K normal posteriors N(q_k, u_k) (Räisä, Jälkö and
    Honkela 2023).

    As n_synthetic / n_real and K grow the mixture goes to the posterior of the real rows (arXiv
    2305.16795). Its variance is ū + (K - 1) b / K. The interval is widened to q̄ where that lies
    outside, as for one far estimate among forty others.
    """
    variance = float(np.mean(members.u)) + float(np.var(members.q))
    low, high = (
        mixture_quantile(members.q, members.u, tail)
        for tail in (0.5 - confidence / 2, 0.5 + confidence / 2)
    )
    estimate = float(np.mean(members.q))
    low, high = min(low, estimate), max(high, estimate)
    return CombinedEstimate(
        rule="raisa_2023", estimate=estimate, variance=variance, degrees=inf, low=low, high=high
    )


def mixture_quantile(q: Array, u: Array, probability: float) -> float:
    """Quantile of the equal mixture of N(q_k, u_k); a component without variance is a step at q_k."""
    scale = np.sqrt(u)
    ends = q + scale * ndtri(probability)
    lowest, highest = float(ends.min()), float(ends.max())
    if lowest == highest:
        return lowest

    def excess(x: float) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            standard = np.where(scale > 0, (x - q) / scale, np.where(x >= q, inf, -inf))
        return float(np.mean(ndtr(standard))) - probability

    return root_between(
        excess, lowest, highest, tolerance=1e-12 * max(abs(lowest), abs(highest), 1e-300)
    )


def root_between(
    excess: Callable[[float], float], lowest: float, highest: float, *, tolerance: float
) -> float:
    """Where the rising `excess` crosses 0, or the end that it is beyond.

    A mixture's quantile lies between its components': below 0 at the one end and above at the
    other, but for a step at the lowest end that reaches past 0, and for ends so near that rounding
    puts it at the upper one.
    """
    if excess(lowest) >= 0:
        return lowest
    if excess(highest) <= 0:
        return highest
    return float(brentq(excess, lowest, highest, xtol=tolerance))


RULES = {
    card.name: card
    for card in (
        RuleCard(
            "naive_single",
            1,
            "one dataset read as real",
            "none: it leaves the generator out",
            _naive_single,
            1,
        ),
        RuleCard(
            "naive_concat",
            1,
            "all rows read as real",
            "none: it leaves the generator out",
            _naive_concat,
        ),
        RuleCard(
            "rubin_1987",
            2,
            "Rubin 1987",
            "missing values filled in, not whole synthetic tables",
            _rubin,
        ),
        RuleCard(
            "raghunathan_2003",
            2,
            "Raghunathan, Reiter and Rubin 2003",
            "draws from a posterior predictive",
            _raghunathan,
        ),
        RuleCard(
            "reiter_2003",
            2,
            "Reiter 2003",
            "partly synthetic rows, and plug-in fits of n_real rows",
            _reiter,
        ),
        RuleCard(
            "raab_2016",
            1,
            "Raab, Nowok and Dibben 2016",
            "plug-in fits, without a draw of parameters",
            _raab,
        ),
        RuleCard(
            "raisa_2023",
            2,
            "Räisä, Jälkö and Honkela 2023",
            "posterior predictive, n_synthetic >> n_real",
            _mixture,
        ),
    )
}
