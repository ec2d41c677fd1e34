"""The page of a study, of made-up runs: its numbers against scipy's and the JSON beside it."""

import json
import statistics

import pytest
import scipy.stats

from execution.plan import Plan
from execution.studies import Study
from experiments.cells.study_claims import Trend, compare_settings, compare_two, find_trends
from experiments.cells.study_page import compose_page, write_study
from experiments.cells.study_results import Measured, list_cells, measure_settings
from experiments.cells.study_statistics import fit_line
from tests.experiments.made_up_runs import make_run

NETWORK = "attention-56"
WRONG = {"ARL": [1, 2, 3], "NAL": [3, 1, 5], "channel": [9]}  # images of ten, by seed
PUBLISHED = {"ARL": {"table 3": 5.0}, "NAL": {"table 3": 60.0}}


@pytest.fixture
def study():
    settings = [
        {"name": name, "network": NETWORK, "seeds": [0, 1, 2], "published": PUBLISHED.get(name, {})}
        | {"changes": {"model.attention": name} if name == "spatial" else {}}
        for name in (*WRONG, "spatial", "ARL again")
    ]
    pairs = [["ARL", "NAL"], ["ARL", "channel"], ["ARL", "spatial"], ["ARL", "ARL again"]]
    content = {"question": "Does it?", "recipe": "mine", "seeds_because": "-", "limits": "other data."}
    return Study.model_validate(content | {"settings": settings, "comparisons": pairs})


@pytest.fixture
def measured(study):
    names = {name: "ARL" if name == "ARL again" else name for name in (setting.name for setting in study.settings)}
    plans = {
        name: {seed: Plan("mine", "d" * 40, {"seed": seed}, f"mine-{same}-{seed}", "") for seed in range(3)}
        for name, same in names.items()
    }
    runs = {
        f"mine-{name}-{seed}": make_run(f"mine-{name}-{seed}", {NETWORK: set(range(images))}, seed=seed)
        for name, errors in WRONG.items()
        for seed, images in enumerate(errors)
    }
    return measure_settings(study, plans, runs)


def test_the_interval_is_students_and_the_superiority_mann_and_whitneys(study, measured):
    comparison, *_ = compare_settings(study, measured)
    first, second = ([10.0 * images for images in WRONG[name]] for name in ("ARL", "NAL"))
    interval = scipy.stats.ttest_rel(second, first).confidence_interval(0.95)
    assert comparison.change.change == pytest.approx((interval.low + interval.high) / 2)
    assert comparison.change.half_width == pytest.approx((interval.high - interval.low) / 2)
    pairs = len(first) * len(second)
    assert comparison.superiority == pytest.approx(scipy.stats.mannwhitneyu(first, second).statistic / pairs)


def test_what_may_be_claimed(study, measured):
    noisy, single, missing, same = compare_settings(study, measured)
    assert (noisy.verdict, noisy.holds(0.0), noisy.published) == ("not beyond chance", True, {"table 3": 55.0})
    assert not noisy.holds(55.0)
    assert single.verdict == "one pair of seeds, from which nothing is claimed"
    assert single.by_images > 0
    assert missing.verdict == "not yet run"
    assert (same.change.half_width, same.superiority, same.verdict) == (0, 0.5, "not beyond chance")
    beyond = noisy._replace(change=noisy.change._replace(half_width=1.0))
    assert beyond.verdict == "beyond chance"


def test_more_seeds_of_the_same_spread_give_the_interval_that_is_foreseen(study, measured):
    wider = [setting._replace(plans=dict.fromkeys(range(12))) for setting in measured]
    comparison, *_ = compare_settings(study, measured)
    assert comparison.foreseen is None  # all are there
    comparison, single, *_ = compare_settings(study, wider)
    assert (comparison.seeds, single.foreseen) == (12, None)
    spread = statistics.stdev([20, -10, 20])  # of NAL's errors less ARL's
    assert comparison.foreseen == pytest.approx(scipy.stats.t(11).ppf(0.975) * spread / 12**0.5)


def test_a_trend_is_a_line_through_means_or_through_the_differences_of_two_lines(study, measured):
    errors = {"masks": {10: [2, 3], 30: [5, 5], 50: [5]}, "none": {10: [1, 2], 30: [4, 6], 50: [6], 70: [7]}}
    settings, plans, runs = [], {}, {}
    for line, places in errors.items():
        for at, images in places.items():
            name = f"{line} {at}"
            seeds = [*range(len(images))]
            settings.append({"name": name, "network": NETWORK, "seeds": seeds, "lines": [line], "at": at})
            plans[name] = {seed: Plan("mine", "d" * 40, {"seed": seed}, f"{name}-{seed}", "") for seed in seeds}
            runs |= {f"{name}-{seed}": make_run(name, {NETWORK: set(range(images[seed]))}, seed=seed) for seed in seeds}
    trends = [["masks"], ["none", "masks"]]
    content = study.model_dump() | {"settings": settings, "comparisons": [], "axis": "noise, %", "trends": trends}
    study = Study.model_validate(content)
    lines, difference = find_trends(study, measure_settings(study, plans, runs))
    for trend, values in ((lines, [25, 50, 50]), (difference, [10, 0, -10])):
        line = scipy.stats.linregress([10, 30, 50], values)
        assert trend.change[:3] == (3, 10, 50)
        assert trend.change.change == pytest.approx(40 * line.slope)
        assert trend.change.half_width == pytest.approx(40 * scipy.stats.t(1).ppf(0.975) * line.stderr, abs=1e-4)
    assert [trend.verdict for trend in (lines, difference)] == ["not beyond chance", "beyond chance"]
    page = compose_page("mine", study, measure_settings(study, plans, runs), published=False)
    assert "**11 of 11 runs**: beyond chance: none → masks along the noise, %: -20.00 ± 0.00 points.\n" in page
    assert "- **masks, along the noise, %**: from 10 to 50 the test error changes by +25.00 ± " in page


def test_two_places_have_no_interval_and_equal_ones_have_an_empty_one():
    assert fit_line({10: 1.0}) is None
    assert fit_line({50: 3.0, 10: 1.0})[:3] == (2, 10, 50)
    assert fit_line({50: 3.0, 10: 1.0}).half_width is None
    assert fit_line(dict.fromkeys((10, 20, 50), 3.0))[3:] == pytest.approx((0, 0))
    for places in ((10, 20, 50), (10, 30, 50, 70), (56, 92, 128)):
        for value in (0.0, 5.0, 100 / 3):
            assert Trend(["same"], fit_line(dict.fromkeys(places, value))).verdict == "not beyond chance"


def test_models_of_two_networks_are_compared_by_the_test_images(study):
    measured = [
        Measured(study.settings[0].model_copy(update={"network": network}), {}, {0: make_run("-", {network: wrong})})
        for network, wrong in (("attention-56", [0]), ("attention-92", [0, 1, 2]))
    ]
    comparison = compare_two(*measured)
    assert comparison.change.change == 20
    assert comparison.by_images == pytest.approx(
        100 * 1.96 * (4 - 2**2 / 12) ** 0.5 / 12, abs=0.01
    )  # as of one network


def test_a_run_of_two_settings_is_one(measured):
    cells = {cell.plan.experiment: cell for cell in list_cells(measured)}
    assert len(cells) == 12
    assert cells["mine-ARL-0"].settings == ["ARL", "ARL again"]
    assert [name for name, cell in cells.items() if cell.run is None] == [
        *("mine-channel-1", "mine-channel-2"),
        *(f"mine-spatial-{seed}" for seed in range(3)),
    ]


def test_the_page_has_the_numbers_of_its_cells(study, measured, tmp_path):
    page = write_study(tmp_path / "studies/mine", "mine", study, measured)
    text = page.read_text()
    cells = json.loads(page.with_name("cells.json").read_text())["cells"]
    for cell in cells:
        if cell["metrics"]:
            seed = cell["experiment"].rpartition("-")[2]
            error = f"{cell['metrics']['test_error_percent']:.2f} %"
            run = f", seed {seed}: {error}, `{cell['revision'][:12]}`, `{cell['command']}`\n"
            assert f"- {'; '.join(cell['settings'])}{run}" in text
            assert f"commit={'c' * 40}" in cell["command"]
        else:
            assert set(cell) == {"experiment", "settings", "network", "metrics"}
    outside = "Published, and outside of the interval here: ARL → NAL +55.00 (table 3)."
    assert text.startswith(
        f"# Does it?\n\n**7 of 12 runs so far**: no difference is beyond chance. {outside}\n\n| Sett"
    )
    errors = " | ".join(["20.00 ± 10.00"] * 3)
    assert f"| ARL | {NETWORK} | – | {errors} | 0, 1, 2 (n = 3 of 3) | 1.5 | 12,345 | " in text
    assert "| 5.00 (table 3) |" in text
    assert f"| spatial | {NETWORK} | `model.attention: spatial` | not yet run | " in text
    assert "- **ARL → NAL**: the test error changes by +10.00 ± 43.03 points, not beyond chance." in text
    assert " Published: +55.00 (table 3), which the interval does not hold.\n" in text
    assert "- **ARL → spatial**: not yet run.\n" in text
    assert "7 of 12 runs, 0.17 hours" in text
    assert (page.with_name("errors.png")).read_bytes().startswith(b"\x89PNG")
