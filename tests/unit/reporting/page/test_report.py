"""The report: sentences follow the numbers, the page stands alone, and nothing from a table becomes
markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dge_assets.core.errors import EvaluationError
from dge_assets.core.reporting.page.comparisons import mean_claim_errors, training_gains
from dge_assets.core.reporting.page.headline import headline_table, terminal_table
from dge_assets.core.reporting.page.report import render_report
from dge_assets.core.reporting.page.report_input import ReportInput
from dge_assets.core.reporting.page.verdict import verdict
from dge_assets.core.reporting.pictures.charts import loss_curves
from tests.support.results import ensemble_frames

SECTIONS = (
    *(
        "verdict",
        "limits",
        "facts",
        "meaning",
        "training",
        "evaluation",
        "selection",
        "uncertainty",
        "groups",
    ),
    *(
        "augmentation",
        "k-curve",
        "errors",
        "statistics",
        "pictures",
        "checks",
        "members",
        "lineage",
        "cite",
    ),
)
VOID = {"meta", "img", "br", "hr", "link", "input"}
ODD = """<script>alert("x")</script> & 'quoted' "twice" Größe 日付"""


def scores(
    values: dict[str, float], *, std: float = 0.005, metric: str = "auc", family: str = "tvae"
) -> pd.DataFrame:
    """Two models, `lr` exactly as given and `mlp` 0.02 higher, so that means are the given values +
    0.01.
    """
    rows = [
        (family, model, approach, metric, value + lift, std)
        for (model, lift), (approach, value) in product(
            (("lr", 0.0), ("mlp", 0.02)), values.items()
        )
    ]
    return pd.DataFrame(rows, columns=["family", "model", "approach", "metric", "value", "std"])


GOOD = {
    "oracle": 0.90,
    "naive_single": 0.80,
    "naive_ensemble": 0.81,
    "naive_concat": 0.83,
    "dge_5": 0.84,
    "dge_20": 0.86,
}
WORSE = GOOD | {"dge_5": 0.76, "dge_20": 0.74}
K_METRICS = (("rmse", np.nan), ("mse", 0.3), ("mae", np.nan))
CLAIMS = {"oracle": 0.80, "naive": 0.88, "dge_5": 0.84, "dge_20": 0.78}


def checks(*passed: bool) -> pd.DataFrame:
    rows = [
        ("tvae/synthetic", f"check {i}", "003", ok, "ERROR", "seen") for i, ok in enumerate(passed)
    ]
    return pd.DataFrame(rows, columns=["asset", "check", "member", "passed", "severity", "summary"])


def claims_of(
    dge: float = 0.02, *, naive: float = 0.04, reach: float = 0.01, metric: str = "auc"
) -> pd.DataFrame:
    """Errors of claims of two models, the limit being 0.05, whose gain has an interval of `reach`
    to each side.
    """
    gain = naive - dge
    rows = [
        ("tvae", model, approach, metric, 0.8, error, error, 0.05, *ends)
        for model, (approach, error, *ends) in product(
            ("lr", "mlp"),
            [
                ("naive", naive, np.nan, np.nan, np.nan),
                ("dge_5", dge, gain, np.nan, np.nan),
                ("dge_20", dge, gain, gain - reach, gain + reach),
            ],
        )
    ]
    columns = [
        "family",
        "model",
        "approach",
        "metric",
        "truth",
        "error",
        "optimism",
        "limit",
        "gain",
        "low",
        "high",
    ]
    return pd.DataFrame(rows, columns=columns).assign(over="members and test rows", reason="")


@cache
def picture() -> bytes:
    """Any picture will do for a page, so one is drawn."""
    losses = pd.DataFrame([(0, 0, "loss", 1.0)], columns=["seed", "epoch", "loss", "value"])
    return loss_curves(losses, "any")


def full_report(odd: str = "plain") -> ReportInput:
    training = scores(GOOD, family=odd)
    brier = scores({name: 1 - value for name, value in GOOD.items()}, metric="brier", family=odd)
    claims = scores(CLAIMS, family=odd)
    ranked = claims.assign(rank=claims.groupby("approach")["value"].rank(ascending=False)).drop(
        columns="std"
    )
    curve = pd.DataFrame(
        [(odd, "lr", K, "auc", 0.8, np.nan, 0.81, 3.0 * K) for K in (1, 2, 5)],
        columns=["family", "model", "K", "metric", "measured", "std", "predicted", "seconds"],
    )
    members = pd.DataFrame(
        [(odd, 0, "ab12", 300, 4.5, None)],
        columns=["family", "seed", "id", "epochs", "seconds", odd],
    )
    told = {"over": odd, "reason": odd}
    expected = {f"expected_{name}": text for name, text in told.items()}
    differences = training.assign(
        against=odd, difference=0.1, low=0.0, high=0.2, expected_low=-0.1, expected_high=0.3
    )
    differences = differences.assign(**told, **expected, remark=odd)
    gaps = training.assign(
        group=odd, kind="level", n=40, positives=4, gap=0.1, low=0.0, high=0.2, excess=0.1
    )
    return ReportInput(
        table=odd,
        title=f"Title {odd}",
        description=f"First {odd}.\n\nSecond.",
        facts=[("rows", 100), (odd, odd), ("empty", None)],
        tables={
            "training_scores": pd.concat([training, brier]).assign(low=0.1, high=0.9, **told),
            "evaluation_scores": claims,
            "claim_errors": claims_of().assign(family=odd, reason=odd),
            "selection": ranked,
            "group_scores": training.assign(group=odd, share=0.25, n=40, reason=odd),
            "group_gaps": gaps.assign(
                excess_low=0.0, excess_high=0.2, p_adjusted=0.01, groups=1, **told
            ),
            "approach_differences": differences,
            "k_curve": curve,
            **ensemble_frames(odd),
        },
        figures=[(f"Picture {odd}", odd, picture())],
        checks=checks(True, False).assign(summary=odd),
        members=members,
        notes=[f"Note {odd}"],
        lineage=[("fingerprint", odd)],
    )


def shown(**tables: pd.DataFrame) -> ReportInput:
    """A report of these evaluation tables alone."""
    return ReportInput(table="t", title="T", tables=tables)


class Outline(HTMLParser):
    """Fails on tags that are not closed in order; collects ids, references and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.tags if name == tag)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


# --- the page


@pytest.fixture(scope="session")
def page_of_all() -> str:
    return render_report(full_report())


@pytest.mark.parametrize(
    "report",
    [full_report(), full_report(ODD), ReportInput(table="t", title="T")],
    ids=["plain", "odd", "empty"],
)
def test_the_page_is_well_formed_and_has_every_section(report: ReportInput) -> None:
    page = outline(render_report(report))
    assert [name for name in page.ids if name in SECTIONS] == list(SECTIONS)
    assert len(page.ids) == len(set(page.ids))
    targets = [
        str(link["href"])[1:] for link in page.attributes("a") if str(link["href"]).startswith("#")
    ]
    assert targets == list(SECTIONS)


def test_the_page_is_the_same_twice(page_of_all: str) -> None:
    assert render_report(full_report()) == page_of_all


def test_the_page_stands_alone(page_of_all: str) -> None:
    page = page_of_all
    outer = re.findall(
        r"""(?:href|src|url|action)\s*[=(]\s*["']?((?:https?:)?//[^"')\s>]+)""", page
    )
    assert outer == ["https://arxiv.org/abs/2305.09235"]
    assert "@import" not in page
    tags = {name for name, _ in outline(page).tags}
    assert not tags & {"script", "link", "iframe", "object", "embed"}


def test_the_page_can_be_read_without_seeing_it(page_of_all: str) -> None:
    page = outline(page_of_all)
    assert all(image["alt"] for image in page.attributes("img"))
    assert all(head.get("scope") in {"row", "col"} for head in page.attributes("th"))
    names = [name for name, _ in page.tags]
    assert names.count("caption") == names.count("table") > 5
    assert next(page.attributes("html"))["lang"] == "en"


def test_what_comes_from_a_table_is_never_markup() -> None:
    page = render_report(full_report(ODD))
    assert "<script" not in page
    parsed = outline(page)
    assert any(ODD in text for text in parsed.texts), "escaped once, not twice, and not dropped"
    allowed = {"alt", "title", "aria-label"}
    carriers = {
        name
        for _, attributes in parsed.tags
        for name, value in attributes.items()
        if value and "alert" in value
    }
    assert carriers <= allowed


@settings(max_examples=15)
@given(odd=st.text(min_size=1, max_size=30))
def test_any_name_gives_a_well_formed_page(odd: str) -> None:
    outline(render_report(full_report(odd)))


def test_missing_values_are_dashes_that_say_why() -> None:
    frame = scores(GOOD)
    frame.loc[frame["approach"] == "dge_5", "std"] = np.nan
    frame.loc[frame["approach"] == "naive_concat", "value"] = np.nan
    page = render_report(shown(training_scores=frame))
    assert re.search(r'title="not defined"[^>]*>—<', page)
    assert re.search(r'title="no spread"[^>]*>0\.8400<', page)
    assert ">nan" not in page.lower()


def test_failed_checks_come_first_and_are_words() -> None:
    page = render_report(ReportInput(table="t", title="T", checks=checks(True, True, False)))
    assert page.index(">FAILED<") < page.index(">passed<")
    assert 'class="verdict error"' in page


def test_the_k_table_shows_what_is_foretold() -> None:
    rows = [
        ("tvae", "lr", K, metric, 0.2, np.nan, foretold, np.nan)
        for K in (1, 2)
        for metric, foretold in K_METRICS
    ]
    columns = ["family", "model", "K", "metric", "measured", "std", "predicted", "seconds"]
    frame = scores(GOOD, metric="rmse")
    page = render_report(shown(training_scores=frame, k_curve=pd.DataFrame(rows, columns=columns)))
    section = page[page.index('<section id="k-curve">') : page.index('<section id="pictures">')]
    assert re.findall(r">(rmse|mse|mae)<", section) == ["rmse", "mse"] * 2


def test_long_tables_are_cut_and_say_so() -> None:
    members = pd.DataFrame({"family": ["tvae"] * 300, "seed": range(300)})
    page = render_report(ReportInput(table="t", title="T", members=members))
    assert "The first 200 of 300 rows" in page


def test_the_best_value_is_never_the_oracle() -> None:
    page = render_report(shown(training_scores=scores(GOOD)))
    rows = re.findall(r"<tr>.*?</tr>", page, flags=re.DOTALL)
    best = [row for row in rows if re.search(r'class="number best', row)]
    assert best
    assert all("dge_20" in row for row in best)


def test_where_all_approaches_are_equal_none_is_best() -> None:
    """A recall of 0 everywhere is nothing to mark."""
    page = render_report(shown(training_scores=scores(dict.fromkeys(GOOD, 0.0))))
    assert "number best" not in page


def test_crps_names_no_best_as_it_scores_an_ensemble_as_a_distribution() -> None:
    page = render_report(shown(training_scores=scores(GOOD, metric="crps")))
    assert "number best" not in page


# --- the sentences


def gains_of(frame: pd.DataFrame, reach: float = 0.01, remark: str = "") -> pd.DataFrame:
    """The differences of the DGE from the mean of single datasets, whose expected intervals go
    `reach` to each side.
    """
    wide = frame.pivot(
        index=["family", "model", "metric"], columns="approach", values="value"
    ).reset_index()
    if "dge_20" not in wide:
        return pd.DataFrame()
    gain = wide["dge_20"] - wide["naive_single"]
    ends = {"expected_low": gain - reach, "expected_high": gain + reach, "low": gain, "high": gain}
    told = {
        "over": "test rows",
        "reason": "",
        "expected_over": "members and test rows",
        "expected_reason": "",
    }
    keys = wide[["family", "model", "metric"]].assign(
        approach="dge_20", against="naive_single_mean"
    )
    return keys.assign(difference=gain, remark=remark, **ends, **told)


def text_of(
    values: dict[str, float], *, reach: float = 0.01, metric: str = "auc", remark: str = ""
) -> str:
    frame = scores(values, metric=metric)
    apart = gains_of(frame, reach, remark)
    return " ".join(verdict(shown(training_scores=frame, approach_differences=apart)))


def test_a_clear_gain_is_called_better() -> None:
    text = text_of(GOOD)
    assert "dge_20 is better by 0.0600 (0.8700 against 0.8100" in text
    assert "leaves out zero" in text
    assert (
        "The best auc without real rows, chosen on these test rows, is dge_20 of tvae with 0.8700, 0.0400 short of"
        in text
    )


def test_a_loss_is_called_worse_and_another_approach_is_named_best() -> None:
    text = text_of(WORSE)
    assert "dge_20 is worse by 0.0600 (0.7500 against 0.8100" in text
    assert "better by" not in text
    assert "The best auc without real rows, chosen on these test rows, is naive_concat" in text


def test_a_gain_that_other_members_and_rows_would_not_show_is_not_claimed() -> None:
    text = text_of(GOOD, reach=0.07)
    assert (
        "with other members and test rows by −0.0100 to 0.1300 at 95 %, which covers zero: not shown"
        in text
    )
    assert "leaves out zero" not in text


def test_a_gain_that_is_an_identity_is_no_evidence() -> None:
    text = text_of(GOOD, remark="an identity: the variance between members")
    assert "which is no evidence: an identity: the variance between members" in text
    assert "leaves out zero" not in text


def test_without_differences_there_is_no_interval_of_the_gain() -> None:
    text = " ".join(verdict(shown(training_scores=scores(GOOD))))
    assert "0.8100; how it would be with other members and test rows is not known" in text
    assert "95 %" not in text


def test_equal_scores_are_called_the_same() -> None:
    assert "dge_20 is the same to the digits shown" in text_of(
        GOOD | {"dge_20": GOOD["naive_single"] + 1e-7}
    )


def test_errors_of_a_target_in_a_small_unit_are_told_apart() -> None:
    """Of wavelengths in metres, say, which six decimals would show as 0 and call the same."""
    frame = scores(GOOD, metric="rmse")
    frame = frame.assign(value=frame["value"] * 1e-8, std=frame["std"] * 1e-8)
    text = " ".join(verdict(shown(training_scores=frame)))
    assert "dge_20 is worse by 0.000000000600" in text
    assert "the same" not in text


def test_an_ensemble_beyond_the_oracle_is_not_called_short_of_it() -> None:
    assert "0.0200 beyond a model trained on real rows" in text_of(GOOD | {"dge_20": 0.92})


def test_a_lower_metric_turns_the_direction() -> None:
    text = text_of(GOOD, metric="brier")  # type: ignore[arg-type]
    assert "on brier (lower is better): for tvae, dge_20 is worse by 0.0600" in text


def test_without_a_dge_nothing_is_said_of_a_gain() -> None:
    text = text_of({"oracle": 0.9, "naive_single": 0.8})
    assert "nothing can be said about what an ensemble gains" in text


def said_of(claims: pd.DataFrame) -> str:
    return " ".join(verdict(shown(training_scores=scores(GOOD), claim_errors=claims)))


@pytest.mark.parametrize(
    ("dge", "reach", "nearer"),
    [
        (0.02, 0.01, "and dge_20 is nearer the truth"),
        (0.045, 0.004, "and naive is nearer the truth"),
        (0.02, 0.03, "and which is nearer is not shown"),
        (0.02, np.nan, "which is nearer with other members and test rows is not known"),
    ],
)
def test_a_claim_is_called_nearer_only_where_its_interval_says_so(
    dge: float, reach: float, nearer: str
) -> None:
    text = said_of(claims_of(dge, reach=reach))
    assert nearer in text
    assert "believed" not in text


@pytest.mark.parametrize(
    ("naive", "dge", "said"),
    [
        (0.164, 0.157, "both not to be believed, being off by more than 0.0500"),
        (0.164, 0.020, "the naive ones not to be believed"),
        (0.020, 0.164, "those of dge_20 not to be believed"),
    ],
)
def test_claims_that_are_far_off_are_said_to_be_not_to_be_believed(
    naive: float, dge: float, said: str
) -> None:
    assert said in said_of(claims_of(dge, naive=naive))


def test_errors_of_claims_are_means_over_models_that_have_all_of_them() -> None:
    frame = claims_of()
    frame.loc[frame["model"] == "mlp", ["error", "gain"]] += 0.02
    by_name = {error.approach: error for error in mean_claim_errors(frame, metrics=["auc"])}
    assert by_name["naive"].error == pytest.approx(0.05)
    assert by_name["dge_20"].low == pytest.approx(0.01)
    frame.loc[(frame["model"] == "mlp") & (frame["approach"] == "dge_5"), "error"] = np.nan
    of_lr = {error.approach: error for error in mean_claim_errors(frame, metrics=["auc"])}
    assert of_lr["naive"].error == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("passed", "sentence"),
    [
        ((), "No checks are recorded with this report."),
        ((True, True), "All 2 checks passed."),
        ((True, False), "1 of 2 checks did not pass (1 of severity error)"),
    ],
)
def test_checks_are_counted(passed: tuple[bool, ...], sentence: str) -> None:
    assert sentence in verdict(ReportInput(table="t", title="T", checks=checks(*passed)))[-1]


@pytest.mark.parametrize(("metric", "sign"), [("auc", 1), ("brier", -1)])
def test_the_gain_has_the_interval_of_the_expected_difference(metric: str, sign: int) -> None:
    frame = scores(GOOD, metric=metric)
    apart = gains_of(frame).assign(expected_low=0.05, expected_high=0.09)
    (gain,) = training_gains(frame, apart, metrics=[metric])
    assert gain.gain == pytest.approx(sign * 0.06)
    assert (gain.low, gain.high) == pytest.approx((0.05, 0.09) if sign > 0 else (-0.09, -0.05))
    (unknown,) = training_gains(frame, pd.DataFrame(), metrics=[metric])
    assert unknown.gain == pytest.approx(sign * 0.06)
    assert np.isnan([unknown.low, unknown.high]).all()


# --- the headline


def test_the_headline_is_the_mean_over_models_and_says_which() -> None:
    table = headline_table(scores(GOOD))
    assert list(table.columns) == ["family", "approach", "models", "auc"]
    assert list(table["approach"]) == list(GOOD)
    np.testing.assert_allclose(table["auc"], np.array(list(GOOD.values())) + 0.01)
    assert set(table["models"]) == {"mean of lr, mlp"}
    one = headline_table(scores(GOOD), model="lr")
    np.testing.assert_allclose(one["auc"], list(GOOD.values()))
    assert set(one["models"]) == {"lr"}


def test_a_model_without_every_value_is_left_out_of_all_means() -> None:
    frame = scores(GOOD)
    frame.loc[(frame["model"] == "mlp") & (frame["approach"] == "naive_concat"), "value"] = np.nan
    table = headline_table(frame)
    np.testing.assert_allclose(table["auc"], list(GOOD.values()))
    assert set(table["models"]) == {"mean of lr"}


def test_metrics_follow_the_task() -> None:
    regression = pd.concat([scores(GOOD, metric=name) for name in ("mae", "crps", "rmse")])
    assert list(headline_table(regression).columns[3:]) == ["rmse", "mae"]
    assert list(headline_table(regression, metrics=("mae",)).columns[3:]) == ["mae"]


def test_what_was_not_scored_is_refused_by_name() -> None:
    with pytest.raises(EvaluationError, match=r"model 'svm' was not scored; found \['lr', 'mlp'\]"):
        headline_table(scores(GOOD), model="svm")
    with pytest.raises(EvaluationError, match=r"\['r2'\] were not scored; found \['auc'\]"):
        headline_table(scores(GOOD), metrics=("r2",))
    with pytest.raises(EvaluationError, match="more than one row"):
        headline_table(pd.concat([scores(GOOD), scores(GOOD)]))


# --- the terminal


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_terminal_table_keeps_its_width_and_columns(width: int) -> None:
    frame = pd.concat(
        [scores(GOOD, metric=name, family="日付 " * 9) for name in ("auc", "brier", "nll", "f1")]
    )
    text = terminal_table(headline_table(frame, metrics=("auc", "brier", "nll", "f1")), width)
    columns = [
        len(line) + sum(line.count(character) for character in "日付") for line in text.splitlines()
    ]
    assert max(columns) <= width, "a wide character takes two columns"
    assert all(
        f"{name} {arrow}" in text
        for name, arrow in (("auc", "↑"), ("brier", "↓"), ("nll", "↓"), ("f1", "↑"))
    )
    assert all("dge_20" in line for line in text.splitlines() if "0.8700*" in line)
    assert text.count("0.8700*") == 2


def test_the_terminal_table_is_this_one() -> None:
    # Golden, to show the layout to a reader; made by printing it. It cannot tell whether the
    # numbers are right.
    few = {name: GOOD[name] for name in ("oracle", "naive_single", "dge_20")}
    table = headline_table(scores(few))
    table.loc[0, "auc"] = np.nan
    assert terminal_table(table, 80).splitlines() == [
        "family  approach       auc ↑",
        "------  ------------  -------",
        "tvae    oracle             —",
        "tvae    naive_single  0.8100",
        "tvae    dge_20        0.8700*",
        "",
        "mean of lr, mlp",
        "* best of its family on these test rows, oracle aside; ↑ higher is better, ↓",
        "lower is better; — not defined",
    ]


def test_an_empty_headline_is_said_to_be_empty() -> None:
    assert terminal_table(headline_table(pd.DataFrame())) == "No scores."


def test_what_was_cut_stands_before_the_numbers() -> None:
    report = ReportInput(
        table="t",
        title="T",
        notice="This is a trial: seeds 20 -> 3.",
        tables={"training_scores": scores(GOOD)},
    )
    assert verdict(report)[0] == report.notice
    assert report.notice.replace(">", "&gt;") in render_report(report)
