"""The network that stops by the loss: what it looks at, and that rare positives are learnt for it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.neural_network import MLPClassifier

from dge_assets.core.downstream.model_files import dump_pipeline, load_pipeline
from dge_assets.core.downstream.models import build_pipeline
from dge_assets.core.downstream.network_classifier import LossStoppedClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
"""Sixty rounds are few; the product's own fit notes it where they were not enough."""

OPTIONS = {
    "hidden_layer_sizes": (30,),
    "early_stopping": True,
    "n_iter_no_change": 8,
    "max_iter": 60,
}


def rare_positives(seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    shares = [0.96] if classes == 2 else [0.9, 0.06]
    return make_classification(
        4000, 12, n_informative=6, n_classes=classes, weights=shares, flip_y=0.01, random_state=seed
    )


def test_rare_positives_are_ranked_better_than_by_stopping_on_accuracy() -> None:
    gains = []
    for seed in range(4):
        X, y = rare_positives(seed)
        areas = [
            roc_auc_score(
                y[2000:],
                kind(**OPTIONS, random_state=seed)
                .fit(X[:2000], y[:2000])
                .predict_proba(X[2000:])[:, 1],
            )
            for kind in (MLPClassifier, LossStoppedClassifier)
        ]
        gains.append(areas[1] - areas[0])
    assert np.mean(gains) > 0.01


@pytest.mark.parametrize("classes", [2, 3])
def test_the_validation_score_is_minus_the_log_loss(classes: int) -> None:
    X, y = rare_positives(0, classes)
    network = LossStoppedClassifier(**OPTIONS, random_state=0).fit(X, y)
    # scikit-learn's fit sees labels as they are, and asks for the score of rows with their labels.
    assert network._score(X, y) == pytest.approx(-log_loss(y, network.predict_proba(X)), rel=1e-12)
    assert max(network.validation_scores_) == network.best_validation_score_


def test_weights_that_are_no_numbers_have_no_score() -> None:
    X, y = rare_positives(0)
    network = LossStoppedClassifier(**OPTIONS, random_state=0).fit(X, y)
    network.coefs_[0][0, 0] = np.nan
    assert np.isnan(network._score(X, y))


def test_a_stored_network_predicts_the_same() -> None:
    X, y = rare_positives(1)
    frame = pd.DataFrame(X[:500], columns=[f"x{i}" for i in range(12)])
    pipeline = build_pipeline("mlp", frame, task="binary", seed=0).fit(frame, y[:500])
    assert isinstance(pipeline.named_steps["model"], LossStoppedClassifier)
    again = load_pipeline(dump_pipeline(pipeline), model="mlp")
    np.testing.assert_array_equal(again.predict_proba(frame), pipeline.predict_proba(frame))
