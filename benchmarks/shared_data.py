"""Does shared training data leak into evaluation? Writes `docs/shared-data.md`: `make shared-data`.

Two half moons, of which any number of rows can be drawn, so a model's true score is known. K
generators learn from N real rows, dealt out in several ways; a model fitted on each dataset is
scored on its own test part (`naive`), on the datasets of the other generators (`dge_K`) and on rows
of the population that nothing has seen. The difference is the bias of the claim.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_moons
from sklearn.mixture import GaussianMixture

from benchmarks.dealt_rows import DEALINGS, Generate, claimed_bias
from benchmarks.shared_data_page import METRICS, page
from dge_assets.core.randomness import generator, legacy_seed, seed_sequence

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks/results/shared_data.json", ROOT / "docs/shared-data.md"
MODELS = ("lr", "knn")
NOISE = 0.3
UNSEEN_ROWS = 4000


def moons(rows: int, stream: np.random.Generator) -> pd.DataFrame:
    """Rows of the population: x1, x2 and the half moon that they are of."""
    points, labels = make_moons(rows, noise=NOISE, random_state=int(stream.integers(2**32)))
    return pd.DataFrame(
        {"x1": points[:, 0], "x2": points[:, 1], "target": np.where(labels == 1, "upper", "lower")}
    )


def kernel(
    real: pd.DataFrame, rows: int, stream: np.random.Generator, *, width: float
) -> pd.DataFrame:
    """Real rows with normal noise of spread `width`: the narrower, the more the generator repeats
    what it saw.
    """
    drawn = real.iloc[stream.integers(0, len(real), rows)].reset_index(drop=True)
    drawn[["x1", "x2"]] += stream.normal(0, width, (rows, 2))
    return drawn


def mixture(
    real: pd.DataFrame, rows: int, stream: np.random.Generator, *, components: int
) -> pd.DataFrame:
    """A Gaussian mixture per class, started at random, so that generators differ by their start as
    well.
    """
    sizes = stream.multinomial(rows, real["target"].value_counts(normalize=True).sort_index())
    parts = []
    for (label, of_class), size in zip(real.groupby("target", sort=True), sizes, strict=True):
        count = min(components, len(of_class))
        start = int(stream.integers(2**32))
        fitted = GaussianMixture(
            count, init_params="random_from_data", random_state=start, max_iter=200, tol=1e-2
        )
        points = fitted.fit(of_class[["x1", "x2"]].to_numpy()).sample(max(int(size), 1))[0]
        parts.append(pd.DataFrame({"x1": points[:, 0], "x2": points[:, 1], "target": label}))
    return pd.concat(parts, ignore_index=True).sample(
        frac=1, random_state=int(stream.integers(2**32))
    )


def member(
    real: pd.DataFrame, rows: int, stream: np.random.Generator, *, family: str, epochs: int
) -> pd.DataFrame:
    """A member of a family of this project, trained from a seed of its own."""
    from benchmarks.members import member_rows

    seed = int(stream.integers(2**31))
    settings = {"epochs": epochs, "batch_size": 100}
    return member_rows(real, "target", family=family, seed=seed, rows=rows, settings=settings)


EPOCHS = 300
TVAE, CTGAN = (f"{family}, {EPOCHS} epochs" for family in ("tvae", "ctgan"))
REPEATS = {TVAE: 30, CTGAN: 20}
"""Fewer draws than 40 where one takes a minute and more."""
GENERATORS: dict[str, Generate] = {
    "kernel, width 0.02 (repeats its rows)": partial(kernel, width=0.02),
    "kernel, width 0.2": partial(kernel, width=0.2),
    "mixture of 8 per class": partial(mixture, components=8),
    TVAE: partial(member, family="tvae", epochs=EPOCHS),
    CTGAN: partial(member, family="ctgan", epochs=EPOCHS),
}


def repeat_once(repeat: int, *, name: str, rows: int, K: int) -> pd.DataFrame:
    """One draw of real rows, each dealing on it; the same draw for all of them, so that their
    differences are sharp.
    """
    tables = []
    for dealing in DEALINGS:
        stream = generator(
            seed_sequence(table="shared data", family=name, seed=repeat, purpose="simulation")
        )
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


def main() -> None:
    """Run the generators that are named, keep what was found, and write the page of all that is
    kept.
    """
    parser = argparse.ArgumentParser(
        description="measure the bias of claims when generators share real rows"
    )
    parser.add_argument(
        "generators",
        nargs="*",
        choices=[*GENERATORS, []],
        default=[],
        help="all when none is named",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        help="draws of the real rows; 40 when left out, fewer for members of families",
    )
    parser.add_argument("--rows", type=int, default=500, help="real rows")
    parser.add_argument("--members", type=int, default=5, help="K")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    for name in given.generators or GENERATORS:
        start = time.perf_counter()
        repeats = given.repeats or REPEATS.get(name, 40)
        work = partial(repeat_once, name=name, rows=given.rows, K=given.members)
        with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
            found = pd.concat(pool.map(work, range(repeats), chunksize=1), ignore_index=True)
        settings = {**vars(given), "repeats": repeats}
        del settings["generators"]
        told = (
            found[found["metric"].isin(METRICS)]
            .drop(columns="claimed")
            .round(6)
            .to_dict(orient="list")
        )
        kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        kept[name] = {**settings, "seconds": time.perf_counter() - start, "found": told}
        ordered = {name: kept[name] for name in GENERATORS if name in kept}
        RESULTS.write_text(json.dumps(ordered) + "\n")
        PAGE.write_text(
            page(ordered, about=str(__doc__).split("\n\n", 1)[1].strip()), encoding="utf-8"
        )
        print(
            f"{name}: done after {time.perf_counter() - start:.0f} s, written to {PAGE}", flush=True
        )


if __name__ == "__main__":
    main()
