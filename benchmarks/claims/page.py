"""The page of the claims: what was compared, each claim's table, and what holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from benchmarks.claims.tables import EPOCHS, MEMBERS, MODELS
from dge_assets.core.scores.approach import (
    NAIVE_CONCAT,
    NAIVE_ENSEMBLE,
    NAIVE_SINGLE,
    ORACLE,
    dge,
)

Results = Mapping[str, Mapping[str, Any]]
"""`table family` -> `scores` (approach -> mean AUC), `claims` (key -> what was found), and sizes.
"""
APPROACHES = (
    *map(str, (ORACLE, NAIVE_SINGLE, NAIVE_ENSEMBLE, NAIVE_CONCAT)),
    *(str(dge(K)) for K in (5, 10, 20)),
)


@dataclass(frozen=True)
class Claim:
    """What the paper says, and the quantity that is above zero where it is right."""

    title: str
    says: str
    quantity: str
    digits: int = 4
    remark: str = ""
    """What the quantity cannot show."""


_IDENTITY = (
    "By how much the Brier score of an average is below the average Brier score of its members is an identity, in any rows: the "
    "variance between the members there. So that gain is never below zero and is no evidence that averaging makes predictions "
    "truer. This quantity, the variance in some rows minus that in all rows, may have either sign; it says where members differ "
    "most, not where they are most wrong."
)
CLAIMS = {
    "training_single": Claim(
        "Better models than from one dataset",
        "Models trained on K datasets and averaged do better on real data than a model trained on one.",
        "AUC of dge_20 on real_test minus the mean AUC of the 20 models of one dataset each",
    ),
    "training_ensemble": Claim(
        "Better than an ensemble on one dataset",
        "That is due to the generators, not to averaging: 20 models of one dataset do worse.",
        "AUC of dge_20 minus that of naive_ensemble, which is of dataset 0 throughout",
    ),
    "training_concat": Claim(
        "Better than one model on all rows",
        "One model on all 20 datasets together does worse than 20 models, one of each.",
        "AUC of dge_20 minus that of naive_concat; its interval is over test rows alone, "
        "each end the mean of the ends of the model classes",
    ),
    "optimism": Claim(
        "Naive evaluation promises too much",
        "A model's score on held-out rows of the dataset it was trained on is above its score on real rows.",
        "AUC on own held-out rows minus AUC on real_test, mean over the 20 models",
    ),
    "evaluation": Claim(
        "DGE evaluation is nearer to the truth",
        "Scoring a model on the other generators' datasets tells its real score better than its own dataset does.",
        "mean absolute error of the naive claim of a model's AUC minus that of the DGE claim",
    ),
    "selection": Claim(
        "DGE evaluation ranks models better",
        "The ranking of model classes by DGE evaluation is nearer to the true ranking than that by naive evaluation.",
        "Kendall's tau with the true ranking: DGE minus naive; interval of percentiles, members and rows drawn together",
        2,
    ),
    "risk_single": Claim(
        "Surer of the right rows than one model",
        "Uncertainty over generators tells which predictions to trust.",
        "area under error rate against coverage: mean of the single models minus dge_20, rows kept by total uncertainty",
    ),
    "risk_ensemble": Claim(
        "Surer of the right rows than an ensemble on one dataset",
        "An ensemble on one dataset knows the model's uncertainty and not the generator's.",
        "area under error rate against coverage: naive_ensemble minus dge_20",
    ),
    "calibration": Claim(
        "Better calibrated than one model",
        "Averaging over generators makes probabilities more honest.",
        "expected calibration error: mean of the single models minus dge_20",
    ),
    "sparse": Claim(
        "Most gained where real rows are sparse",
        "Generators differ most where they saw little, so the ensemble gains most there.",
        "gain in Brier score of dge_20 over single models in the sparsest rows (beyond 90 % of real_train's own distances "
        "to a fifth neighbour) minus the gain over all rows",
        remark=_IDENTITY,
    ),
    "minorities": Claim(
        "Most gained in underrepresented groups",
        "The same for minority categories and the top deciles of numbers.",
        "gain in Brier score in the group minus the gain over all rows, mean over the table's groups",
        remark=_IDENTITY,
    ),
}
VERDICTS = ("held", "not held", "not shown")


STAGES, OLDER = ("encoder", "generator", "synthetic", "downstream", "evaluation"), "older"
"""Stages whose code decides the figures, and what is said of results that were kept without them."""


def page(results: Results) -> str:
    """The page for the tables that are done."""
    parts = [
        _head(results),
        _summary(results),
        _scores(results),
        *(_claim(key, results) for key in CLAIMS),
    ]
    return "\n".join(parts)


def _head(results: Results) -> str:
    return f"""# The paper's claims on real generators

Written by `make claims` from `benchmarks/results/claims.json`. K = {MEMBERS} members of each family, {EPOCHS} epochs, downstream
models {", ".join(MODELS)}. Claims are those of van Breugel, Qian and van der Schaar (ICML 2023, arXiv 2305.09235), each
as one quantity that is above zero where the claim is right. **held**: its 95 % interval lies above zero; **not held**: below
zero; **not shown**: zero is in it. Quantities are means over the model classes; the column *models* counts those whose own
interval lies above / below zero.

An interval is over both the members that one happens to have (jackknife) and the real test rows that one happens to have
(bootstrap), where the claim does not say otherwise. It is not over the choice of table or family: each has its row. Nothing
is corrected for the number of comparisons: one in forty quantities that are truly zero shows as held.

*code* has the versions of {", ".join(STAGES)} that made a line.
*{OLDER}*: before networks stopped early by their loss instead of their accuracy, and before numbers of unusual scale were
encoded otherwise. Such a line is not made again by itself; `python -m benchmarks.claims TABLE --only FAMILY` does it.

{_sizes(results)}
"""


def _sizes(results: Results) -> str:
    rows = []
    for key, found in results.items():
        table, family = key.split()
        train, test, each = (
            f"{found[name]:,}" for name in ("train_rows", "test_rows", "synthetic_rows")
        )
        rows.append([table, family, train, test, each, _code(found)])
    heads = ["table", "family", "real rows trained on", "real test rows", "rows of a dataset"]
    return _table([*heads, "code"], rows)


def _code(found: Mapping[str, Any]) -> str:
    """With which versions of the stages a line was made; results were kept without them once."""
    stages = found.get("code")
    return ".".join(stages[name] for name in STAGES) if stages else OLDER


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(r) + " |" for r in rows),
    ]
    return "\n".join(lines) + "\n"


def _summary(results: Results) -> str:
    rows = []
    for key, claim in CLAIMS.items():
        counts = Counter(
            found["claims"][key]["verdict"] for found in results.values() if key in found["claims"]
        )
        anchor = claim.title.lower().replace(" ", "-")
        rows.append(
            [f"[{claim.title}](#{anchor})", *(str(counts[verdict]) for verdict in VERDICTS)]
        )
    return "## In short\n\nOver tables and families:\n\n" + _table(["claim", *VERDICTS], rows)


def _scores(results: Results) -> str:
    rows = []
    for key, found in results.items():
        rows.append([*key.split(), *(f"{found['scores'][name]:.3f}" for name in APPROACHES)])
    text = "Mean over model classes of the AUC on real_test; `naive_single` is the mean over all 20 datasets. Each score's own\n"
    text += "interval is in the table `training_scores` of the line.\n\n"
    return "## Scores\n\n" + text + _table(["table", "family", *APPROACHES], rows)


def _claim(key: str, results: Results) -> str:
    claim, rows, missing = CLAIMS[key], [], []
    for name, found in results.items():
        if key not in found["claims"]:
            missing.append(name)
            continue
        item = found["claims"][key]
        of_models = (
            f"{item['held_in']} / {item['refuted_in']} of {item['models']}"
            if item["models"]
            else ""
        )
        numbers = [f"{item[part]:+.{claim.digits}f}" for part in ("value", "low", "high")]
        rows.append(
            [
                *name.split(),
                numbers[0],
                f"{numbers[1]} to {numbers[2]}",
                of_models,
                f"**{item['verdict']}**",
            ]
        )
    text = f"## {claim.title}\n\n{claim.says}\nQuantity: {claim.quantity}.\n\n"
    text += f"{fill(claim.remark, 125)}\n\n" if claim.remark else ""
    text += _table(["table", "family", "value", "95 % interval", "models", "verdict"], rows)
    return text + (
        f"\nNo value (no such rows, or ties in a ranking): {', '.join(missing)}.\n"
        if missing
        else ""
    )
