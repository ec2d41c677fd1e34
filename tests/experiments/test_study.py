"""The page of a study, of made-up runs: its numbers against scipy's and the JSON beside it."""

import json

import pytest
import scipy.stats

from execution.plan import Plan
from execution.studies import Study
from experiments.cells.study_page import write_study
from experiments.cells.study_results import compare_settings, list_cells, measure_settings
from tests.experiments.made_up_runs import make_run

NETWORK = "attention-56"
WRONG = {"ARL": [1, 2, 3], "NAL": [3, 1, 5], "channel": [9]}  # images of ten, by seed
PUBLISHED = {"ARL": {"table 3": 5.0}, "NAL": {"table 3": 60.0}}


@pytest.fixture
def study():
    settings = [
        {"name": name, "network": NETWORK, "seeds": [0, 1, 2], "published": PUBLISHED.get(name, {})}
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
    assert single.verdict == "one seed, from which nothing is claimed"
    assert single.by_images > 0
    assert missing.verdict == "not yet run"
    assert (same.change.half_width, same.superiority, same.verdict) == (0, 0.5, "not beyond chance")
    beyond = noisy._replace(change=noisy.change._replace(half_width=1.0))
    assert beyond.verdict == "beyond chance"


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
        else:
            assert cell["command"] not in text
        assert f"commit={('c' if cell['metrics'] else 'd') * 40}" in cell["command"]
    assert text.startswith("# Does it?\n")
    assert f"| ARL | {NETWORK} | 20.00 ± 10.00 | 20.00 ± 10.00 | 20.00 ± 10.00 | 1.5 ± 0.0 | 12,345 | " in text
    assert "| 5.00 (table 3) |" in text
    assert f"| spatial | {NETWORK} | not yet run | " in text
    assert "- **ARL → NAL**: the test error changes by +10.00 ± 43.03 points, not beyond chance." in text
    assert " Published: +55.00 (table 3), which the interval does not hold.\n" in text
    assert "- **ARL → spatial**: not yet run.\n" in text
    assert "7 of 12 runs, 0.17 hours" in text
    assert (page.with_name("errors.png")).read_bytes().startswith(b"\x89PNG")
