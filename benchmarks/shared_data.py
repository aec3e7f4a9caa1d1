"""Does shared training data leak into evaluation? Writes `docs/shared-data.md`: `make shared-data`.

Two half moons, of which any number of rows can be drawn, so a model's true score is known. K generators learn from N real
rows, dealt out in several ways; a model fitted on each dataset is scored on its own test part (`naive`), on the datasets of
the other generators (`dge_K`) and on rows of the population that nothing has seen. The difference is the bias of the claim.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_moons
from sklearn.mixture import GaussianMixture

from dge_assets.core.randomness import generator, legacy_seed, seed_sequence
from dge_assets.core.shared_data import DEALINGS, Generate, claimed_bias

PAGE = Path(__file__).resolve().parents[1] / "docs" / "shared-data.md"
MODELS = ("lr", "knn")
METRICS = ("accuracy", "auc", "brier")
NOISE = 0.3
UNSEEN_ROWS = 4000


def moons(rows: int, stream: np.random.Generator) -> pd.DataFrame:
    """Rows of the population: x1, x2 and the half moon that they are of."""
    points, labels = make_moons(rows, noise=NOISE, random_state=int(stream.integers(2**32)))
    return pd.DataFrame({"x1": points[:, 0], "x2": points[:, 1], "target": np.where(labels == 1, "upper", "lower")})


def kernel(real: pd.DataFrame, rows: int, stream: np.random.Generator, *, width: float) -> pd.DataFrame:
    """Real rows with normal noise of spread `width`: the narrower, the more the generator repeats what it saw."""
    drawn = real.iloc[stream.integers(0, len(real), rows)].reset_index(drop=True)
    drawn[["x1", "x2"]] += stream.normal(0, width, (rows, 2))
    return drawn


def mixture(real: pd.DataFrame, rows: int, stream: np.random.Generator, *, components: int) -> pd.DataFrame:
    """A Gaussian mixture per class, started at random, so that generators differ by their start as well."""
    sizes = stream.multinomial(rows, real["target"].value_counts(normalize=True).sort_index())
    parts = []
    for (label, of_class), size in zip(real.groupby("target", sort=True), sizes, strict=True):
        count = min(components, len(of_class))
        start = int(stream.integers(2**32))
        fitted = GaussianMixture(count, init_params="random_from_data", random_state=start, max_iter=200, tol=1e-2)
        points = fitted.fit(of_class[["x1", "x2"]].to_numpy()).sample(max(int(size), 1))[0]
        parts.append(pd.DataFrame({"x1": points[:, 0], "x2": points[:, 1], "target": label}))
    return pd.concat(parts, ignore_index=True).sample(frac=1, random_state=int(stream.integers(2**32)))


def tvae(real: pd.DataFrame, rows: int, stream: np.random.Generator, *, epochs: int) -> pd.DataFrame:
    """A member of the family `tvae` of this project, trained from a seed of its own."""
    from benchmarks.members import member_rows

    seed = int(stream.integers(2**31))
    settings = {"epochs": epochs, "batch_size": 100}
    return member_rows(real, "target", family="tvae", seed=seed, rows=rows, settings=settings)


TVAE_EPOCHS = 300
TVAE = f"tvae, {TVAE_EPOCHS} epochs"
GENERATORS: dict[str, Generate] = {
    "kernel, width 0.02 (repeats its rows)": partial(kernel, width=0.02),
    "kernel, width 0.2": partial(kernel, width=0.2),
    "mixture of 8 per class": partial(mixture, components=8),
    TVAE: partial(tvae, epochs=TVAE_EPOCHS),
}


def repeat_once(repeat: int, *, name: str, rows: int, K: int) -> pd.DataFrame:
    """One draw of real rows, each dealing on it; the same draw for all of them, so that their differences are sharp."""
    tables = []
    for dealing in DEALINGS:
        stream = generator(seed_sequence(table="shared data", family=name, seed=repeat, purpose="simulation"))
        real, unseen = moons(rows, stream), moons(UNSEEN_ROWS, stream)
        seed = legacy_seed(seed_sequence(table="shared data", seed=repeat, purpose="downstream"))
        found = claimed_bias(
            *(real, unseen, GENERATORS[name], "target", MODELS),
            K=K,
            dealing=dealing,
            rows=rows,
            test_share=0.2,
            stream=stream,
            seed=seed,
        )
        tables.append(found.assign(dealing=dealing, repeat=repeat))
    return pd.concat(tables, ignore_index=True)


def summarize(found: pd.DataFrame) -> pd.DataFrame:
    """One row per dealing, model, metric and approach: mean truth, mean bias, its standard error, and repeats."""
    keys = ["dealing", "model", "metric", "approach"]
    table = found[found["metric"].isin(METRICS)].groupby(keys, sort=False)
    summary = table.agg(
        truth=("truth", "mean"), bias=("bias", "mean"), spread=("bias", "std"), repeats=("bias", "size")
    )
    return summary.assign(error=summary["spread"] / np.sqrt(summary["repeats"])).drop(columns="spread").reset_index()


def page(tables: Mapping[str, pd.DataFrame], *, command: str, rows: int, K: int, seconds: float) -> str:
    """The page as Markdown."""
    parts = [
        "# Does shared training data leak into the evaluation?",
        f"Written by `{command}` ({seconds:.0f} s); do not edit by hand. N = {rows} real rows, K = {K} generators, "
        f"datasets of {rows} rows.",
        __doc__.split("\n\n", 1)[1].strip(),
        "`same`: every generator learns from all N rows, as the members of this project do. `bootstrap`: from N rows drawn "
        "with replacement, anew for each. `disjoint`: from N / K rows of its own. `same part`: all from one part of N / K rows; "
        "against it, `disjoint` shows what sharing does, apart from what fewer rows do.",
        "Each cell is the bias, claimed minus true, ± its standard error over the draws; for accuracy and auc above zero is too "
        "good, for brier below zero. In bold: more than three standard errors from zero.",
    ]
    for name, table in tables.items():
        draws = f"{int(table['repeats'].iloc[0])} draws of the real rows."
        parts += [f"## {name[0].upper()}{name[1:]}", draws, _markdown(table), _finding(table)]
    return "\n\n".join(parts) + "\n"


def _cell(row: pd.Series) -> str:
    text = f"{row['bias']:+.4f} ± {row['error']:.4f}".replace("-", "−")
    return f"**{text}**" if abs(row["bias"]) > 3 * row["error"] else text


def _markdown(table: pd.DataFrame) -> str:
    heads = [f"{metric}, {name}" for metric in METRICS for name in table["approach"].unique()]
    lines = [
        "| model | rows dealt | true accuracy | " + " | ".join(heads) + " |",
        "| --- |" + " --- |" * (len(heads) + 2),
    ]
    for (model, dealing), rows in table.groupby(["model", "dealing"], sort=False):
        cells = rows.set_index(["metric", "approach"])
        truth = cells.loc["accuracy"]["truth"].iloc[0]
        shown = [_cell(cells.loc[(metric, name)]) for metric in METRICS for name in table["approach"].unique()]
        lines.append(f"| {model} | {dealing} | {truth:.3f} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _finding(table: pd.DataFrame) -> str:
    """What the numbers say of the accuracy that is claimed on other generators' datasets, in one sentence per model."""
    sentences = []
    claims = table[(table["metric"] == "accuracy") & (table["approach"] != "naive")]
    for model, rows in claims.groupby("model", sort=False):
        by_dealing = rows.set_index("dealing")
        phrases = []
        for shared, other in (("same", "bootstrap"), ("same part", "disjoint")):
            one, two = by_dealing.loc[shared], by_dealing.loc[other]
            gap, error = one["bias"] - two["bias"], float(np.hypot(one["error"], two["error"]))
            sure = "beyond chance" if abs(gap) > 3 * error else "within chance"
            phrases.append(f"`{shared}` claims {gap:+.4f} ± {error:.4f} against `{other}` ({sure})".replace("-", "−"))
        sentences.append(f"{model}: {'; '.join(phrases)}.")
    return "Accuracy claimed on other generators' datasets. " + " ".join(sentences)


def main() -> None:
    """Run all generators and dealings and write the page."""
    parser = argparse.ArgumentParser(description="measure the bias of claims when generators share real rows")
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--rows", type=int, default=500, help="real rows")
    parser.add_argument("--members", type=int, default=5, help="K")
    parser.add_argument(
        "--tvae", type=int, default=0, help="repeats with members of the family tvae; a minute or more each"
    )
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    start = time.perf_counter()
    tables = {}
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for name in GENERATORS:
            repeats = given.tvae if name == TVAE else given.repeats
            if not repeats:
                continue
            work = partial(repeat_once, name=name, rows=given.rows, K=given.members)
            tables[name] = summarize(pd.concat(pool.map(work, range(repeats), chunksize=1), ignore_index=True))
            print(f"{name}: done after {time.perf_counter() - start:.0f} s", flush=True)
    stated = " ".join(f"--{name} {value}" for name, value in vars(given).items() if name != "processes")
    command = f"python -m benchmarks.shared_data {stated}"
    seconds = time.perf_counter() - start
    text = page(tables, command=command, rows=given.rows, K=given.members, seconds=seconds)
    PAGE.write_text(text, encoding="utf-8")
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()
