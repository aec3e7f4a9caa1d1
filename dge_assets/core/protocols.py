"""The two protocols, from frames to score tables: fit, predict and score in one call.

Here: the composition for whoever has the frames at hand. The assets compose the same pieces
(`fitting`, `scores.tables`) over stored models instead. Not here: metrics, models, storage.

Source: van Breugel, Qian and van der Schaar, "Synthetic data, real errors: how (not) to publish and
use synthetic data", ICML 2023, arXiv 2305.09235. `tests/unit/test_protocols.py` holds the numbers
to those of the authors' code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from dge_assets.core.arrays import Array, Codes
from dge_assets.core.contract.contract import Task
from dge_assets.core.downstream.baselines import Baselines, Problem, fit_baselines, require_usable
from dge_assets.core.downstream.fitting import (
    Dataset,
    FittedModel,
    fit_model,
    model_seed,
    predict,
    stack_rows,
)
from dge_assets.core.downstream.targets import Target, encode_target, resolve_target
from dge_assets.core.errors import EvaluationError
from dge_assets.core.scores.predictions import (
    EvaluationTargets,
    MemberPredictions,
    TrainingPredictions,
    others_of,
    require_ks,
)
from dge_assets.core.scores.scored import Scored
from dge_assets.core.scores.tables import score_evaluation, score_training


def training_scores(
    real_train: pd.DataFrame,
    real_test: pd.DataFrame,
    datasets: Sequence[Dataset],
    target: str,
    model: str,
    ks: Sequence[int],
    seed: int,
    *,
    task: Task | None = None,
    oracle_fits: int | None = None,
) -> pd.DataFrame:
    """Does a model trained on synthetic data do well on real data? `approach, metric, value, std`.

    All approaches are scored on real_test, ensembles from the mean of their predicted
    probabilities:
    - oracle: max(ks) models of different model seeds on real_train (`oracle_fits` may limit them);
    - naive_single: one model on all rows of dataset 0;
    - naive_ensemble: max(ks) models of different model seeds on dataset 0;
    - naive_concat: one model on all datasets put together;
    - dge_K for K in `ks`: one model per dataset, for the first K datasets.

    Models that do not depend on their seed are fitted once where they would be fitted max(ks) times
    alike. datasets: (train part, test part) in seed order. ks: ensemble sizes, 1 <= K <=
    len(datasets). seed: the run's; member i's models get `model_seed(seed, i)`. task: inferred from
    the target when None. std: for naive_single (and dge_1, the same thing) the spread (ddof 1) over
    which of the datasets one happens to get; NaN for the others, which exist once.

    Raises EvaluationError naming the frame or the argument, DeclarationError for an unknown model.
    """
    sizes = require_ks(ks, len(datasets), fewest=1)
    frames = {"real_train": real_train, "real_test": real_test, **_named_parts(datasets)}
    known = resolve_target(frames, target, task)
    # Before the members' fits: what is wrong with real_train should not take K fits to find out.
    require_usable(real_train, datasets[0], known)
    members = fit_full_models(datasets, known, model, seed=seed)
    problem = Problem(target=known, model=model, seed=seed)
    baselines = fit_baselines(
        problem,
        real_train,
        datasets,
        K=max(sizes),
        oracle_fits=oracle_fits,
        first_member=members[0],
    )
    y = encode_target(real_test, known, name="real_test")
    predictions = predict_training(members, baselines, real_test)
    return score_training(Scored(y, predictions, sizes, known.task))


def evaluation_scores(
    real_test: pd.DataFrame,
    datasets: Sequence[Dataset],
    target: str,
    model: str,
    ks: Sequence[int],
    seed: int,
    *,
    task: Task | None = None,
) -> pd.DataFrame:
    """Does a score computed on synthetic data agree with the score on real data? `approach, metric,
    value, std`.

    Model i is fitted on the train part of dataset i, for every dataset; value and std (ddof 1) are
    over these models:
    - oracle: model i on real_test, the truth that the others estimate;
    - naive: model i on the test part of its own dataset;
    - dge_K for K in `ks`: model i on all rows of the first K-1 other datasets in seed order, put
      together.

    ks: 2 <= K <= len(datasets), as with K = 1 there is no other dataset. Arguments, model seeds and
    errors as in `training_scores`. std is never NaN but where value is.
    """
    sizes = require_ks(ks, len(datasets), fewest=2)
    known = resolve_target({"real_test": real_test, **_named_parts(datasets)}, target, task)
    full = [stack_rows(dataset, name=f"datasets[{i}]") for i, dataset in enumerate(datasets)]
    targets = evaluation_targets(real_test, datasets, full, known)

    stacked = stack_rows(full, name="datasets")

    def predictions() -> Iterator[MemberPredictions]:
        for i, (train_part, test_part) in enumerate(datasets):
            fitted = fit_model(
                train_part,
                known,
                model,
                seed=model_seed(seed, i),
                name=f"datasets[{i}] (train part)",
            )
            yield predict_member(
                i, fitted, real_test, test_part, full, K=max(sizes), stacked=stacked
            )

    return score_evaluation(predictions(), targets, sizes, task=known.task)


def _named_parts(datasets: Sequence[Dataset]) -> dict[str, pd.DataFrame]:
    """Name in errors -> frame; EvaluationError for an entry that is not a pair."""
    named = {}
    for i, dataset in enumerate(datasets):
        if not isinstance(dataset, tuple | list) or len(dataset) != 2:
            raise EvaluationError(
                f"datasets[{i}] must be a pair (train_frame, test_frame), found {type(dataset)}"
            )
        named[f"datasets[{i}] (train part)"], named[f"datasets[{i}] (test part)"] = dataset
    return named


def fit_full_models(
    datasets: Sequence[Dataset], target: Target, model: str, *, seed: int
) -> tuple[FittedModel, ...]:
    """One model per dataset, fitted on all its rows, in seed order."""
    return tuple(
        fit_model(
            stack_rows(dataset, name=f"datasets[{i}]"),
            target,
            model,
            seed=model_seed(seed, i),
            name=f"datasets[{i}]",
        )
        for i, dataset in enumerate(datasets)
    )


def predict_training(
    members: Sequence[FittedModel], baselines: Baselines, real_test: pd.DataFrame
) -> TrainingPredictions:
    """Predictions of all full models and baselines on real_test; a model that occurs twice predicts
    once.
    """
    predicted: dict[int, Array] = {}

    def on_real(fitted: FittedModel) -> Array:
        if id(fitted) not in predicted:
            predicted[id(fitted)] = predict(fitted, real_test, name="real_test")
        return predicted[id(fitted)]

    return TrainingPredictions(
        oracle=tuple(map(on_real, baselines.oracle)),
        naive_ensemble=tuple(map(on_real, baselines.naive_ensemble)),
        naive_concat=on_real(baselines.naive_concat),
        members=tuple(map(on_real, members)),
    )


def evaluation_targets(
    real_test: pd.DataFrame,
    datasets: Sequence[Dataset],
    full: Sequence[pd.DataFrame],
    target: Target,
) -> EvaluationTargets:
    """The encoded targets of all rows that part models are scored on; `full` are the stacked
    datasets.
    """

    def encode(frames: Mapping[str, pd.DataFrame]) -> tuple[Codes, ...]:
        return tuple(encode_target(frame, target, name=name) for name, frame in frames.items())

    return EvaluationTargets(
        real_test=encode({"real_test": real_test})[0],
        own_tests=encode(
            {f"datasets[{i}] (test part)": test for i, (_, test) in enumerate(datasets)}
        ),
        datasets=encode({f"datasets[{i}]": frame for i, frame in enumerate(full)}),
    )


def predict_member(
    member: int,
    fitted: FittedModel,
    real_test: pd.DataFrame,
    own_test: pd.DataFrame,
    full: Sequence[pd.DataFrame],
    *,
    K: int | None = None,
    stacked: pd.DataFrame | None = None,
) -> MemberPredictions:
    """Predictions of one part model, each set of rows once.

    full: all rows of each dataset, in seed order, a dataset's own test part last. K: the largest
    ensemble that will be scored; None predicts on every other dataset, as `cross_scores` needs.
    stacked: the rows of `full` one after the other, where the caller has them for all members; one
    long table is predicted faster than many short ones. Errors name the member and the dataset.
    """
    try:
        return _member_predictions(member, fitted, real_test, own_test, full, K=K, stacked=stacked)
    except EvaluationError as error:
        raise EvaluationError(f"member {member}: {error}") from error


def _member_predictions(
    member: int,
    fitted: FittedModel,
    real_test: pd.DataFrame,
    own_test: pd.DataFrame,
    full: Sequence[pd.DataFrame],
    *,
    K: int | None,
    stacked: pd.DataFrame | None,
) -> MemberPredictions:
    needed = others_of(member, len(full), len(full) if K is None else K)
    wanted = sorted({*needed, member} if len(own_test) else needed)
    tables = dict(zip(wanted, _predict_datasets(fitted, full, wanted, stacked), strict=True))
    width = (len(fitted.classes),) if fitted.task != "regression" else ()
    return MemberPredictions(
        member=member,
        real_test=predict(fitted, real_test, name="real_test"),
        own_test=tables[member][-len(own_test) :] if len(own_test) else np.empty((0, *width)),
        datasets=tuple(tables[j] if j in needed else None for j in range(len(full))),
    )


def _predict_datasets(
    fitted: FittedModel,
    full: Sequence[pd.DataFrame],
    wanted: Sequence[int],
    stacked: pd.DataFrame | None,
) -> list[Array]:
    """Predictions on the `wanted` datasets, at once where all rows up to the last of them are
    stacked.
    """
    ends = np.cumsum([len(frame) for frame in full])
    last = max(wanted, default=-1) + 1
    if stacked is not None and 2 * len(wanted) > last:
        try:
            table = predict(fitted, stacked.iloc[: ends[last - 1]], name="the datasets")
            return [table[ends[j] - len(full[j]) : ends[j]] for j in wanted]
        except EvaluationError:
            pass  # one by one, so that the error names the dataset
    return [predict(fitted, full[j], name=f"datasets[{j}]") for j in wanted]
