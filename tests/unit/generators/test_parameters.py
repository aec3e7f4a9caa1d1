"""Hyperparameters of the families: the package's own defaults, and mistakes that are told before
any training.
"""

from __future__ import annotations

import inspect

import pytest
from ctgan import CTGAN, TVAE
from pydantic import ValidationError

from dge_assets.core.errors import DeclarationError
from dge_assets.core.generators.registry import family_names, own_cards, parameters_for

OUR_OWN = ("curve_every", "patience", "decode")
"""Hyperparameters that the package does not have."""


@pytest.mark.parametrize(("name", "synthesizer"), [("ctgan", CTGAN), ("tvae", TVAE)])
def test_names_and_defaults_are_those_of_the_package(name: str, synthesizer: type) -> None:
    ours = parameters_for(name, {}).model_dump()
    theirs = {key: item.default for key, item in inspect.signature(synthesizer).parameters.items()}
    assert {key: theirs[key] for key in ours if key not in OUR_OWN} == {
        k: ours[k] for k in ours if k not in OUR_OWN
    }
    assert not any(ours.get(key) for key in ("curve_every", "patience")), (
        "off: members compare with the literature's"
    )
    assert set(theirs) - set(ours) <= {"self", "verbose", "cuda", "enable_gpu"}, (
        "nothing else can be tuned"
    )


def test_an_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        DeclarationError, match=rf"unknown family 'gan'; allowed: {', '.join(family_names())}"
    ):
        parameters_for("gan", {})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"epoch": 3}, "unknown field 'epoch'; did you mean 'epochs'"),
        ({"epochs": 0}, "greater than 0"),
        ({"epochs": 2.5}, "valid integer"),
        ({"generator_dim": [0]}, "greater than 0"),
        ({"generator_lr": -1}, "greater than 0"),
        ({"generator_lr": float("inf")}, "finite number"),
        ({"generator_lr": float("nan")}, "finite number"),
        ({"discriminator_decay": -0.1}, "greater than or equal to 0"),
        ({"batch_size": 25}, r"batch_size 25 must be even and a multiple of pac \(10\)"),
        ({"batch_size": 15, "pac": 5}, r"batch_size 15 must be even and a multiple of pac \(5\)"),
        ({1: 2}, "unknown field '1'; allowed: epochs, batch_size"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_with_what_is_allowed(
    given: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        parameters_for("ctgan", given)


def test_tvae_draws_its_levels_unless_told_to_take_the_largest() -> None:
    assert parameters_for("tvae", {}) == parameters_for("tvae", {"decode": "draw"})
    with pytest.raises(ValidationError, match="'draw' or 'largest'"):
        parameters_for("tvae", {"decode": "argmax"})
    with pytest.raises(ValidationError, match="unknown field 'decode'"):
        parameters_for("ctgan", {"decode": "draw"})


@pytest.mark.parametrize("name", sorted(own_cards()))
def test_each_hyperparameter_is_of_training_or_of_sampling(name: str) -> None:
    parameters = parameters_for(name, {})
    apart = (parameters.of_training(), parameters.of_sampling())
    assert {**apart[0], **apart[1]} == parameters.model_dump(mode="json")
    assert not set(apart[0]) & set(apart[1])


def test_what_decides_rows_alone_is_of_sampling() -> None:
    assert parameters_for("ctgan", {}).of_sampling() == {}
    assert parameters_for("tvae", {}).of_sampling() == {"decode": "draw"}
