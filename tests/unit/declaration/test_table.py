"""Declarations: every mistake is told with its field, what was found and what is allowed; plans
follow profiles.
"""

from __future__ import annotations

import importlib.util
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from dge_assets.assets.line import Line
from dge_assets.core.declaration.mistakes import error_lines
from dge_assets.core.declaration.profiles import PROFILES, read_profile
from dge_assets.core.declaration.table import TableDeclaration
from dge_assets.core.errors import DeclarationError
from dge_assets.core.generators.registry import family_names
from dge_assets.core.generators.stacked.parameters import CTGANParameters, TVAEParameters
from dge_assets.declarations import CHECKS

KNOWN = ", ".join(family_names())
GOOD: dict[str, Any] = {
    "table": "crash",
    "source": {"type": "csv", "path": "crash.csv"},
    "contract": {
        "target": "dead",
        "columns": {"age": {"kind": "integer", "minimum": 16, "maximum": 97}},
    },
    "families": {"ctgan": {"epochs": 300}, "wide": {"algorithm": "tvae", "compress_dims": [512]}},
}


def changed(path: str, value: object) -> dict[str, Any]:
    """GOOD with `value` at the dotted `path`."""
    document = deepcopy(GOOD)
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = value
    return document


def mistakes(document: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TableDeclaration.model_validate(document, context=CHECKS)
    return "\n".join(error_lines(caught.value))


def test_a_good_declaration_with_its_defaults() -> None:
    declaration = TableDeclaration.model_validate(GOOD)
    assert (declaration.seeds, declaration.test_share, declaration.models) == (
        20,
        0.2,
        ("lr", "mlp", "gbdt"),
    )
    assert declaration.families["ctgan"].parameters == CTGANParameters(epochs=300)
    assert declaration.families["wide"].algorithm == "tvae"
    assert declaration.families["wide"].parameters == TVAEParameters(compress_dims=(512,))


def test_datasets_are_split_as_the_real_table_is_unless_told_otherwise() -> None:
    assert (
        TableDeclaration.model_validate({**GOOD, "test_share": 0.7}).plan("full").dataset_test_share
        == 0.7
    )
    apart = TableDeclaration.model_validate({**GOOD, "test_share": 0.7, "dataset_test_share": 0.2})
    assert apart.plan("full").dataset_test_share == 0.2


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("seeds", 0, ["seeds: ", "greater than or equal to 1", "found 0"]),
        ("seeds", 1001, ["seeds: ", "less than or equal to 1000", "found 1001"]),
        ("seeds", "many", ["seeds: ", "valid integer", "found 'many'"]),
        ("seeds", True, ["seeds: ", "valid integer", "found True"]),
        (
            "sedes",
            3,
            ["unknown field 'sedes'", "did you mean 'seeds'", "allowed: table, description"],
        ),
        (
            "table",
            "Crash",
            ["table: 'Crash' is not a usable name", "lower-case letters, digits and _"],
        ),
        ("table", "crash\n", ["table: 'crash\\n' is not a usable name"]),
        ("table", "../x", ["table: '../x' is not a usable name"]),
        ("table", "main", ["table: 'main' is a name of DuckDB's own"]),
        ("table", "memory", ["table: 'memory' is a name of DuckDB's own"]),
        ("table", "system", ["table: 'system' is a name of DuckDB's own"]),
        ("table", "warehouse", ["table: 'warehouse' is a name of DuckDB's own"]),
        ("source", None, ["source: "]),
        ("source.type", "excel", ["source: type: unknown; allowed: ", "csv"]),
        ("contract.target", None, ["contract.target: ", "valid string"]),
        (
            "contract.target",
            True,
            ["contract.target: ", "found the truth value true", "in quotes, such as 'no'"],
        ),
        (
            "contract.columns",
            {True: {}},
            ["contract.columns", "found the truth value true", "in quotes"],
        ),
        (
            "contract.sensitive",
            [False],
            ["contract.sensitive.0: ", "found the truth value false", "in quotes"],
        ),
        ("source.drop", [False], ["source", "drop.0: found the truth value false", "in quotes"]),
        (
            "contract.columns",
            {"land": {"categories": ["DE", False, "SE"]}},
            ["contract.columns.land: categories mix texts and truth values", "in quotes"],
        ),
        (
            "contract.constraints",
            [{"left": "a", "operator": "<", "right": "a"}],
            ["constraint 'a < a' compares a column with itself"],
        ),
        (
            "contract.task",
            "ranking",
            ["contract.task: ", "'binary', 'multiclass' or 'regression'", "found 'ranking'"],
        ),
        (
            "contract.columns.age",
            {"kind": "integer", "minimum": 97, "maximum": 16},
            [
                "contract.columns.age: the range is upside down: minimum 97",
                "maximum 16",
                "swap them",
            ],
        ),
        (
            "contract.columns.day",
            {"kind": "datetime", "minimum": "2020-01-01T02:00:00Z", "maximum": "2020-01-01 01:00"},
            ["contract.columns.day: the range is upside down: minimum '2020-01-01T02:00:00Z'"],
        ),
        (
            "contract.columns.day",
            {"kind": "datetime", "minimum": "soon", "maximum": "later"},
            ["contract.columns.day: ", "soon"],
        ),
        (
            "contract.columns.age.kind",
            "number",
            ["contract.columns.age.kind: ", "'continuous'", "found 'number'"],
        ),
        (
            "families",
            {},
            [
                "families: at least one family is needed, found an empty mapping",
                f"known: {KNOWN}",
            ],
        ),
        ("families", ["ctgan"], ["families: at least one family is needed, found a list of 1"]),
        (
            "families",
            {"gan": {}},
            ["families: unknown family 'gan' (algorithm 'gan')", f"allowed: {KNOWN}"],
        ),
        (
            "families",
            {"a": {"algorithm": "gan"}},
            ["unknown family 'a' (algorithm 'gan')", f"allowed: {KNOWN}"],
        ),
        ("families", {"CTGAN": {}}, ["families: 'CTGAN' is not a usable family name"]),
        ("families", {"ctgan\n": {"algorithm": "ctgan"}}, ["is not a usable family name"]),
        (
            "families",
            {"report": {"algorithm": "ctgan"}},
            ["'report' is not a usable family name", "not a stage's"],
        ),
        (
            "families",
            {"ctgan": 300},
            ["ctgan: hyperparameters are a mapping, found 300", "`ctgan: {}`"],
        ),
        (
            "families",
            {"ctgan": {"epoch": 3}},
            ["ctgan.unknown field 'epoch'", "did you mean 'epochs'", "allowed: epochs"],
        ),
        ("families", {"ctgan": {"epochs": 0}}, ["ctgan.epochs: ", "greater than 0", "found 0"]),
        (
            "families",
            {"ctgan": {"pac": 7}},
            ["batch_size 500 must be even and a multiple of pac (7)"],
        ),
        ("models", ["lr", "xgb"], ["models.1: unknown downstream model 'xgb'", "allowed: lr, mlp"]),
        ("models", [{"lr": {"C": 1}}], ["models.0: 'lr' takes no parameters"]),
        (
            "models",
            ["sklearn.nowhere:Class"],
            ["models.0: ", "'sklearn.nowhere:Class' cannot be imported"],
        ),
        (
            "models",
            ["lr", {"sklearn.ensemble:ExtraTreesClassifier": {"trees": 50}}],
            [
                "models.1: ",
                "ExtraTreesClassifier has no parameters ['trees']; allowed are ['bootstrap'",
            ],
        ),
        ("models", [], ["models: needs at least one model and none twice, found []"]),
        ("models", ["lr", "lr"], ["models: needs at least one model and none twice"]),
        (
            "augmentation.real_rows",
            [30, 30],
            ["augmentation.real_rows: names a number twice, found [30, 30]"],
        ),
        ("augmentation.weights", [0.5, 0.5], ["augmentation.weights: names a number twice"]),
        ("test_share", 1.0, ["test_share: ", "less than 1", "found 1.0"]),
        ("dataset_test_share", 0.0, ["dataset_test_share: ", "greater than 0", "found 0.0"]),
        ("synthetic_rows", 0, ["synthetic_rows: ", "greater than 0"]),
        ("max_levels", 1, ["max_levels: ", "greater than or equal to 2"]),
        ("many_levels", "drop", ["many_levels: ", "'pool' or 'error'", "found 'drop'"]),
        ("thresholds.copies_alpha", 0, ["thresholds.copies_alpha: ", "greater than 0"]),
        (
            "schedule",
            {"cron": "daily"},
            ["schedule.cron: 'daily' is not a cron line", "such as '0 3 * * *'"],
        ),
        ("schedule", {"cron": "a b c d e"}, ["schedule.cron: 'a b c d e' is not a cron line"]),
        ("schedule", {"cron": "0 3 30 2 *"}, ["schedule.cron: '0 3 30 2 *' is not a cron line"]),
        ("schedule", {"cron": "0 3 * * * *"}, ["schedule.cron: ", "five fields are needed"]),
        (
            "schedule",
            {"cron": "61 3 * * *"},
            ["schedule.cron: '61 3 * * *' is not a cron line", "0 to 59"],
        ),
        ("schedule", {"cron": "0 3 0 * *"}, ["schedule.cron: ", "1 to 31"]),
        (
            "schedule",
            {"cron": "0 3 * * *", "timezone": "Mars/Base"},
            ["schedule.timezone: ", "'Mars/Base'", "Europe/"],
        ),
        ("release.sign_off", "nobody", ["release.sign_off: ", "'automatic' or 'manual'"]),
        ("release.families", "some", ["release.families: ", "'all' or 'passing'"]),
        ("data_date", True, ["data_date: ", "valid string"]),
        ("on_source_change", "panic", ["on_source_change: ", "'mark', 'run' or 'ignore'"]),
        ("gain_per_second", 0, ["gain_per_second: ", "greater than 0", "found 0"]),
        ("gain_per_second", float("inf"), ["gain_per_second: ", "finite number", "found inf"]),
        (
            "statistics",
            [{"type": "median"}],
            ["statistics.0: ", "'mean', 'proportion', 'quantile'"],
        ),
        (
            "statistics",
            [{"type": "mean", "columm": "age"}],
            ["statistics.0", "did you mean 'column'?"],
        ),
        (
            "profiles",
            {"fast": {"seeds": 2}},
            ["profiles.fast", "'smoke', 'default' or 'full'", "found 'fast'"],
        ),
        ("profiles", {"smoke": {"seeds": 0}}, ["profiles.smoke.seeds.", "greater than 0"]),
        (
            "profiles",
            {"smoke": {"epochs": {"tvae": 3}}},
            ["profiles: epochs name unknown families ['tvae']", "allowed: ctgan, wide"],
        ),
        (
            "profiles",
            {"full": {"effort": {"tvae": 3}}},
            ["profiles: effort names unknown families ['tvae']", "allowed: ctgan, wide"],
        ),
        ("device", "tpu", ["device: ", "'cpu' or 'cuda'", "found 'tpu'"]),
        ("processes", 0, ["processes: ", "greater than 0"]),
    ],
)
def test_a_mistake_is_told_with_field_found_and_allowed(
    path: str, value: object, told: list[str]
) -> None:
    text = mistakes(changed(path, value))
    assert [part for part in told if part not in text] == [], text


@pytest.mark.parametrize("name", ["table", "source", "contract", "families"])
def test_what_cannot_be_left_out(name: str) -> None:
    document = {key: value for key, value in GOOD.items() if key != name}
    assert mistakes(document) == f"{name}: Field required"


def test_all_mistakes_are_told_at_once() -> None:
    text = mistakes({**changed("seeds", 0), "device": "tpu", "models": ["xgb"]})
    assert [line.split(":")[0] for line in text.splitlines()] == ["seeds", "models.0", "device"]


@pytest.mark.parametrize(
    "cron", ["0 3 * * *", "*/15 0-6,22 1 JAN-jun mon-fri", "59 23 31 12 7", "0 0 * * SUN"]
)
def test_good_cron_lines(cron: str) -> None:
    stated = changed("schedule", {"cron": cron, "timezone": "Europe/Berlin"})
    declaration = TableDeclaration.model_validate(stated, context=CHECKS)
    assert declaration.schedule is not None
    assert declaration.schedule.cron == cron


def test_the_declaration_wins_and_only_smoke_has_limits_of_its_own() -> None:
    declaration = TableDeclaration.model_validate({**GOOD, "seeds": 20})
    found = {
        profile: (
            plan.seeds,
            plan.parameters("ctgan").epochs,
            plan.parameters("wide").epochs,
            plan.ks("ctgan"),
        )
        for profile in PROFILES
        for plan in [declaration.plan(profile)]
    }
    whole = (20, 300, 300, (5, 10, 20))
    assert found == {"smoke": (3, 2, 2, (3,)), "default": whole, "full": whole}
    assert [declaration.plan(profile).notice == "" for profile in PROFILES] == [False, True, True]


def test_a_profile_never_raises_what_is_declared() -> None:
    small = {
        **GOOD,
        "seeds": 2,
        "families": {"ctgan": {"epochs": 1}},
        "profiles": {"default": {"seeds": 5, "epochs": 9}},
    }
    plan = TableDeclaration.model_validate(small).plan("default")
    assert (plan.seeds, plan.parameters("ctgan").epochs, plan.cuts) == (2, 1, ())


def test_stated_limits_replace_the_built_in_ones_and_the_rest_keeps_them() -> None:
    """A family that `smoke` does not name trains as short as that profile promises; others then cut
    nothing.
    """
    profiles = {
        "smoke": {"epochs": {"ctgan": 7}},
        "default": {"seeds": 4},
        "full": {"seeds": 6, "epochs": 9},
    }
    declaration = TableDeclaration.model_validate({**GOOD, "profiles": profiles})
    smoke, default, full = (declaration.plan(profile) for profile in PROFILES)
    assert (smoke.seeds, smoke.parameters("ctgan").epochs, smoke.parameters("wide").epochs) == (
        3,
        7,
        2,
    )
    assert (default.seeds, default.parameters("ctgan").epochs) == (4, 300)
    assert (full.seeds, full.parameters("ctgan").epochs, full.ks("ctgan")) == (6, 9, (5, 6))


def test_a_family_can_have_its_own_number_of_members() -> None:
    families = {"ctgan": {}, "cart": {"seeds": 30}}
    profiles = {"default": {"seeds": {"ctgan": 4}}}
    stated = {**GOOD, "families": families, "seeds": 6, "profiles": profiles}
    declaration = TableDeclaration.model_validate(stated)
    smoke, default, full = (declaration.plan(profile) for profile in PROFILES)
    assert [plan.members for plan in (smoke, default, full)] == [
        {"ctgan": 3, "cart": 3},
        {"ctgan": 4, "cart": 30},
        {"ctgan": 6, "cart": 30},
    ]
    assert (default.seeds, default.ks("ctgan"), default.ks("cart")) == (30, (4,), (5, 10, 20, 30))
    assert default.cuts_text == "ctgan seeds 6 -> 4 by profile default"
    assert smoke.cuts_text.startswith("ctgan seeds 6 -> 3, cart seeds 30 -> 3, ctgan epochs 300")
    assert full.cuts == ()


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"families": {"ctgan": {"seeds": 0}}}, "ctgan.seeds"),
        ({"families": {"ctgan": {"seeds": "many"}}}, "ctgan.seeds"),
        ({"profiles": {"default": {"seeds": {"gan": 5}}}}, "seeds name unknown families ['gan']"),
        ({"profiles": {"default": {"seeds": {"ctgan": 0}}}}, "profiles.default.seeds"),
    ],
)
def test_a_wrong_number_of_members_is_told_with_its_place(
    stated: dict[str, object], said: str
) -> None:
    assert said in mistakes({**GOOD, "families": {"ctgan": {}}, **stated})


def test_every_cut_is_named_with_how_to_undo_it() -> None:
    profiles = {"default": {"seeds": 5, "epochs": {"ctgan": 50}}, "full": {"seeds": 6}}
    smoke, default, full = (
        TableDeclaration.model_validate({**GOOD, "profiles": profiles}).plan(profile)
        for profile in PROFILES
    )
    assert default.notice == (
        "Less than the declaration's own numbers: seeds 20 -> 5, ctgan epochs 300 -> 50 by profile default; for more "
        "raise `profiles.default` in it, or run with DGE_PROFILE=full."
    )
    assert full.notice.endswith(
        "seeds 20 -> 6 by profile full; for more raise `profiles.full` in it."
    )
    assert smoke.notice == (
        "This is a trial, less than what is declared: seeds 20 -> 3, ctgan epochs 300 -> 2, wide epochs 300 -> 2 by "
        "profile smoke. It never becomes the latest release."
    )
    assert [plan.is_trial for plan in (smoke, default, full)] == [True, False, False]


def test_smoke_that_cuts_nothing_is_no_trial() -> None:
    short = {"ctgan": {"epochs": 2}}
    plan = TableDeclaration.model_validate({**GOOD, "families": short, "seeds": 2}).plan("smoke")
    assert (plan.is_trial, plan.notice) == (False, "")


def test_a_date_of_the_data_may_be_written_as_yaml_likes() -> None:
    for written, read in [
        (date(2024, 6, 30), "2024-06-30"),
        (1997, "1997"),
        ("1997 to 2002", "1997 to 2002"),
    ]:
        assert TableDeclaration.model_validate({**GOOD, "data_date": written}).data_date == read


def test_a_plan_changes_epochs_and_no_other_hyperparameter() -> None:
    plan = TableDeclaration.model_validate(GOOD).plan("smoke")
    assert plan.parameters("wide") == TVAEParameters(epochs=2, compress_dims=(512,))
    assert (plan.algorithm("wide"), plan.algorithm("ctgan"), plan.table) == (
        "tvae",
        "ctgan",
        "crash",
    )


def test_what_the_ui_calls_stale_hangs_on_the_declaration_and_not_on_the_profile_it_is_looked_at_under() -> (
    None
):
    def lines(**changes: object) -> list[Line]:
        declaration = TableDeclaration.model_validate(
            {**GOOD, "profiles": {"default": {"epochs": 9}}, **changes}
        )
        return [Line(declaration.plan(profile), "") for profile in PROFILES]

    def settings(line: Line) -> tuple[object, object]:
        return line.declared_generator_parameters("ctgan"), line.declared_evaluation_parameters

    smoke, default, full = lines()
    assert settings(smoke) == settings(default) == settings(full)
    assert smoke.generator_parameters("ctgan") != full.generator_parameters("ctgan")
    (other, *_) = lines(profiles={"default": {"epochs": 10}})
    assert settings(other)[0] != settings(smoke)[0], "a changed limit is a changed declaration"
    assert settings(lines(seeds=7)[0])[1] != settings(smoke)[1]


def test_raising_seeds_keeps_the_partitions_that_are_there() -> None:
    few, many = (
        Line(
            TableDeclaration.model_validate({**GOOD, "seeds": seeds}).plan("full"), ""
        ).partitions.get_partition_keys()
        for seeds in (20, 30)
    )
    assert many[:20] == few == [f"{seed:03d}" for seed in range(20)]
    most = Line(
        TableDeclaration.model_validate({**GOOD, "seeds": 1000}).plan("full"), ""
    ).partitions
    assert most.get_partition_keys() == sorted(most.get_partition_keys())


def test_an_unknown_profile_is_refused() -> None:
    assert read_profile("full") == "full"
    with pytest.raises(
        DeclarationError,
        match=r"DGE_PROFILE: unknown profile 'fast'; allowed: smoke, default, full",
    ):
        read_profile("fast")


@pytest.mark.parametrize(
    ("field", "value"),
    [("gain_per_second", 1e-3), ("statistics", [{"type": "mean", "column": "age"}])],
)
def test_what_is_asked_of_the_evaluation_decides_it_and_no_member(
    field: str, value: object
) -> None:
    one, other = (
        Line(TableDeclaration.model_validate(document).plan("full"), "")
        for document in (GOOD, changed(field, value))
    )
    assert one.evaluation_parameters != other.evaluation_parameters
    assert one.generator_parameters("ctgan") == other.generator_parameters("ctgan")
    assert one.downstream_parameters == other.downstream_parameters


def test_how_rows_are_decoded_decides_datasets_and_no_generator() -> None:
    drawn, largest = (
        Line(TableDeclaration.model_validate(changed("families", families)).plan("full"), "")
        for families in ({"tvae": {}}, {"tvae": {"decode": "largest"}})
    )
    assert drawn.generator_parameters("tvae") == largest.generator_parameters("tvae")
    assert drawn.synthetic_parameters("tvae") == {"rows": None, "decode": "draw"}
    assert largest.synthetic_parameters("tvae") == {"rows": None, "decode": "largest"}


def test_models_with_parameters_have_one_text_each() -> None:
    path = "sklearn.ensemble:ExtraTreesClassifier"
    declared = ["lr", {path: {"n_estimators": 50}}, f"{path}(n_estimators=20)", path]
    found = TableDeclaration.model_validate(changed("models", declared)).models
    assert found == ("lr", f"{path}(n_estimators=50)", f"{path}(n_estimators=20)", path)
    again = TableDeclaration.model_validate(changed("models", list(found)))
    assert again.models == found, "what is read is what was written"


@pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is not None, reason="xgboost is installed here"
)
def test_a_model_of_an_extra_that_is_not_installed_is_told_on_loading() -> None:
    text = mistakes(changed("models", ["xgboost"]))
    assert text == (
        "models.0: downstream model 'xgboost' needs the package 'xgboost', which is not installed: "
        "pip install 'dge[xgboost]'"
    )
