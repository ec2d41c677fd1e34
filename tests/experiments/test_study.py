"""The page of a study, of made-up runs: its numbers against scipy's and the JSON beside it."""

import json

import pytest
import scipy.stats

from execution.plan import Plan
from execution.studies import Study
from experiments.cells.study_claims import Trend, compare_settings, compare_two, find_trends
from experiments.cells.study_page import write_study
from experiments.cells.study_results import Measured, list_cells, measure_settings
from experiments.cells.study_statistics import fit_line, pool_spread
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


def test_what_may_be_claimed(study, measured):
    noisy, single, missing, same = compare_settings(study, measured)
    assert (noisy.verdict, noisy.holds(0.0), noisy.published) == ("not beyond chance", True, {"table 3": 55.0})
    assert not noisy.holds(55.0)
    assert single.verdict == "one pair: not judged"
    assert single.by_images > 0
    assert missing.verdict == "not yet run"
    assert (same.change.half_width, same.superiority, same.verdict) == (0, 0.5, "not beyond chance")
    beyond = noisy._replace(change=noisy.change._replace(half_width=1.0))
    assert beyond.verdict == "beyond chance"
    assert beyond._replace(planned=5).verdict == "3 of 5 pairs: not yet judged"


def test_the_interval_by_the_pooled_spread_is_students_of_two_samples():
    first, second = [10.0, 20.0, 30.0], [30.0, 10.0, 50.0]
    interval = scipy.stats.ttest_ind(second, first).confidence_interval(0.95)
    assert pool_spread([first, second]).bound_change(3) == pytest.approx((interval.high - interval.low) / 2)
    assert pool_spread([[1, 2, 3], [4, 8], [7]]) == pytest.approx(((2 * 1 + 1 * 8) ** 0.5 / 3**0.5, 3))
    assert pool_spread([[7], []]) is None


def test_a_published_change_is_inside_if_one_of_the_intervals_holds_it(study, measured):
    comparison, *_ = compare_settings(study, measured)
    narrow = comparison._replace(change=comparison.change._replace(half_width=1.0), by_spread=40.0)
    assert (narrow.holds(49), narrow.holds(51)) == (True, False)


def test_a_trend_is_a_line_through_runs_or_through_the_differences_of_two_lines(study, tmp_path):
    errors = {"masks": {10: [2, 2], 30: [4, 4], 50: [5]}, "none": {10: [1, 2], 30: [3, 5], 50: [6], 70: [7]}}
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
    shorter = (first := runs["masks 10-0"]).params.train.model_copy(update={"epochs": 9})
    runs["masks 10-0"] = first._replace(params=first.params.model_copy(update={"train": shorter}))
    measured = measure_settings(study, plans, runs)
    for run in [*measured[0].runs.values()]:
        run.results[NETWORK].details["train_error_percent_by_clean_labels"] = 1.0
    line, difference, average = find_trends(study, measured)
    places = [10, 10, 30, 30, 50]
    for trend, values in ((line, [20, 20, 40, 40, 50]), (difference, [10, 0, 10, -10, -10])):
        expected = scipy.stats.linregress(places, values)
        assert (trend.values, *trend.change[:3]) == (5, 3, 10, 50)
        assert trend.change.change == pytest.approx(40 * expected.slope)
        assert trend.change.half_width == pytest.approx(40 * scipy.stats.t(3).ppf(0.975) * expected.stderr)
    interval = scipy.stats.ttest_1samp([10, 0, 10, -10, -10], 0).confidence_interval()
    assert average.change[:2] == (5, 0)
    assert average.change.half_width == pytest.approx(interval.high)
    page = write_study(tmp_path / "mine", "mine", study, measured).read_text()
    (rise, half_width), row = line.change[-2:], "| masks, from 10 to 50 |"
    assert f"{row} {rise:+.2f} | ± {half_width:.2f} | 5 at 3 places | beyond chance |\n" in page
    assert "| none → masks, on average | +0.00 | ± 12.42 | 5 | not beyond chance |\n" in page
    answer = f"beyond chance: masks, from 10 to 50 {rise:+.2f} ± {half_width:.2f} points (3 judged)"
    assert f"**11 of 11 runs**: {answer}.\n" in page
    assert "; 9 or 32 epochs with " in page
    assert "| Test, % | Train by clean labels, % | Seeds |" in page
    assert "| 20.00 ± 0.00 | 1.00 ± 0.00 | 0, 1 (n = 2 of 2) |" in page


def test_two_values_have_no_interval_and_equal_ones_have_an_empty_one():
    assert fit_line([]) is None
    assert fit_line([(10, 1.0), (10, 2.0), (10, 3.0)]) is None
    assert fit_line([(50, 3.0), (10, 1.0)]) == (2, 10, 50, 2, None)
    assert fit_line([(place, 3.0) for place in (10, 20, 50)])[3:] == pytest.approx((0, 0))
    for places in ((10, 20, 50), (10, 30, 50, 70), (56, 92, 128)):
        for value in (0.0, 5.0, 100 / 3):
            line = fit_line([(place, value) for place in places])
            assert Trend(["same"], len(places), line).verdict == "not beyond chance"


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        ([], "not yet run"),
        ([(10, 1.0)], "one place: not judged"),
        ([(10, 1.0), (10, 2.0), (10, 3.0)], "one place: not judged"),
        ([(50, 3.0), (10, 1.0)], "two values: not judged"),
    ],
)
def test_a_trend_of_too_few_places_is_not_judged(points, verdict):
    assert Trend(["mine"], len(points), fit_line(points)).verdict == verdict


def test_a_study_without_a_run_has_a_page_without_a_picture(study, measured, tmp_path):
    page = write_study(tmp_path / "mine", "mine", study, [setting._replace(runs={}) for setting in measured])
    assert "**0 of 12 runs so far**: nothing can be claimed yet.\n" in page.read_text()
    assert "errors.png" not in page.read_text()
    assert {path.name for path in page.parent.iterdir()} == {"README.md", "cells.json"}


def test_models_of_two_networks_are_compared_by_the_test_images(study):
    measured = [
        Measured(study.settings[0].model_copy(update={"network": network}), {}, {0: make_run("-", {network: wrong})})
        for network, wrong in (("attention-56", [0]), ("attention-92", [0, 1, 2]))
    ]
    comparison = compare_two(*measured, None)
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
    outside = "Published, and outside of the intervals here: ARL → NAL +55.00 (table 3)."
    answer = f"no change is beyond chance (2 judged, 1 of one pair of seeds each not). {outside}"
    assert text.startswith(f"# Does it?\n\n**7 of 12 runs so far**: {answer}\n\nWhat this does not say: other data.\n")
    errors = " | ".join(["20.00 ± 10.00"] * 3)
    assert f"| ARL | {NETWORK} | – | {errors} | 0, 1, 2 (n = 3 of 3) | 1.5 | 12,345 | " in text
    assert "| 5.00 (table 3) |" in text
    assert f"| spatial | {NETWORK} | `model.attention: spatial` | not yet run | " in text
    verdicts = "3 of 9 | +55.00 (table 3), outside | not beyond chance |\n"
    assert f"| ARL → NAL | +10.00 | ± 43.03 | ± 35.84 | – | 3 | {verdicts}" in text
    assert "| ARL → spatial | – | – | – | – | 0 | – | – | not yet run |\n" in text
    # The deviations are those of ARL, which is once there, and of NAL: 10 and 20.
    assert " Measured: 15.81 points between seeds, pooled over all settings (4 degrees of freedom).\n" in text
    assert "7 of 12 runs, 0.17 hours" in text
    assert (page.with_name("errors.png")).read_bytes().startswith(b"\x89PNG")
