from statistics import mean, stdev
from xml.etree import ElementTree

import pytest
import scipy.stats

from experiments.comparing.comparison import compose_comparison, write_comparison
from experiments.comparing.paired_tests import compare_models
from experiments.seeds import group_by_setting
from pipeline.errors import InputError
from tests.experiments.made_up_runs import make_run
from tests.refusals import refusal


def rows(page, network):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith(f"| {network} ")
    ]


def test_errors_change_published_figures_and_paired_test():
    first = make_run("mine-arl", {"attention-56": [0, 1]})
    second = make_run("mine-nal", {"attention-56": [1, 2, 3, 4, 5, 6]}, learning="nal")
    table, paired, *_ = rows(compose_comparison([first, second]), "attention-56")
    assert table == ["attention-56", "20.00", "60.00", "+40.00", "5.52", "5.89", "+0.37", "5.28", "9.03"]
    # Image 0 against images 2 to 6: 2 · (1 + 6) / 2⁶; 1.96 √(8 − 4²/12) / 12
    assert paired == ["attention-56", "5", "1", "10", "+40.00 ± 42.17", "0.22"]


def test_other_lists_of_networks_leave_gaps():
    first = make_run("one", {"attention-56": [0], "attention-92": [0]})
    second = make_run("two", {"attention-92": [1], "attention-mini": [2]})
    page = compose_comparison([first, second])
    assert [rows(page, network)[0][1:4] for network in ("attention-56", "attention-92", "attention-mini")] == [
        ["10.00", "–", "–"],
        ["10.00", "10.00", "+0.00"],
        ["–", "10.00", "–"],
    ]
    # No paired test of what one of them lacks: the second row is the run's own.
    assert rows(page, "attention-56")[1][1] == "10.00"
    # As where DVC's cache does not have the predictions.
    result = second.results["attention-92"]._replace(predictions=None)
    page = compose_comparison([first, second._replace(results={"attention-92": result})])
    assert rows(page, "attention-92")[1][1:] == ["–"] * 5


def test_what_ties_the_numbers_to_their_making():
    first = make_run("one", {"attention-56": [0]})
    page = compose_comparison([first, make_run("two", {"attention-56": [0]}, learning="nal", seed=7)])
    evidence = page[page.index("## Evidence") :]
    for part in (
        "digest-of-cifar10",
        "c" * 40,
        first.revision[:12],
        "training seed 7",
        "tensorflow 1.2",
        "a processor",
        "n = 1",
    ):
        assert part in evidence
    assert "jax" not in evidence
    assert "Parameters that differ: `model.learning` arl → nal; `train.seed` 0 → 7." in evidence


def test_images_without_published_figures_are_said_to_be_others():
    runs = [make_run(name, {"attention-56": [0]}, dataset="synthetic") for name in ("one", "two")]
    page = compose_comparison(runs)
    assert "The published figures are of cifar10, not of these images." in page
    assert rows(page, "attention-56")[0][4] == "5.52"


@pytest.mark.parametrize(
    ("section", "change"),
    [("model", {"attention": "channel"}), ("model", {"mask": "none"}), ("preprocess", {"label_noise": 0.3})],
)
def test_published_figures_stand_beside_the_papers_own_networks_only(section, change):
    plain = make_run("plain", {"attention-56": [0]})
    changed = getattr(plain.params, section).model_copy(update=change)
    variants = [plain._replace(name=name, params=plain.params.model_copy(update={section: changed})) for name in "ab"]
    assert rows(compose_comparison([variants[0], plain]), "attention-56")[0][4] == "5.52"
    others = [variants[0], variants[1]._replace(revision="e" * 40)]
    assert rows(compose_comparison(others), "attention-56")[0][4:] == ["–"] * 5


def make_seeds(learning, errors):
    """A run of each of seeds 0, 1, …; `errors` has the number of wrong images of each."""
    return [
        make_run(
            f"mine-{learning}-s{seed}" if seed else f"mine-{learning}",
            {"attention-56": range(wrong)},
            learning=learning,
            seed=seed,
        )
        for seed, wrong in enumerate(errors)
    ]


def test_runs_of_several_seeds_are_one_setting_and_are_paired_by_seed():
    arl, nal = (1, 2, 1), (4, 3, 3)
    page = compose_comparison([*make_seeds("arl", arl), *make_seeds("nal", nal)])
    first, second = "mine-arl (ARL, seeds 0, 1, 2)", "mine-nal (NAL, seeds 0, 1, 2)"
    assert page.startswith(f"# {first} and {second}\n")
    assert "; of several seeds, the mean ± the standard deviation between them." in page
    table, seeds, *_ = rows(page, "attention-56")
    errors = [[10.0 * wrong for wrong in each] for each in (arl, nal)]
    interval = scipy.stats.ttest_rel(*reversed(errors)).confidence_interval(0.95)
    change = f"{mean(errors[1]) - mean(errors[0]):+.2f} ± {(interval.high - interval.low) / 2:.2f}"
    assert table[1:4] == [*(f"{mean(each):.2f} ± {stdev(each):.2f}" for each in errors), change]
    assert seeds == ["attention-56", first, second, "3", change]
    assert "Student's 95 %" in page
    assert "McNemar" not in page


def test_settings_with_one_seed_in_common_are_compared_by_its_test_images():
    page = compose_comparison([*make_seeds("arl", (1, 2)), *make_seeds("nal", (4,))])
    assert "| Network | Only mine-arl right | Only mine-nal right |" in page
    assert "McNemar" in page
    assert "Student" not in page


def test_of_three_settings_each_two_are_compared():
    runs = [make_run(name, {"attention-56": range(wrong)}) for wrong, name in enumerate(("one", "two", "three"), 1)]
    page = compose_comparison(runs)
    assert page.startswith("# one (ARL) and 2 others\n")
    assert page.splitlines()[4].startswith("| Network | one (ARL) | two (ARL) | three (ARL) | Paper: ARL |")
    assert rows(page, "attention-56")[0][1:4] == ["10.00", "20.00", "30.00"]
    assert [row[1:3] + row[4:5] for row in rows(page, "attention-56")[1:4]] == [
        ["1", "0", "+10.00 ± 27.89"],
        ["2", "0", "+20.00 ± 31.28"],
        ["1", "0", "+10.00 ± 27.89"],
    ]


def test_runs_of_two_commits_are_two_settings_in_whatever_order_they_come():
    old = [run._replace(name=f"old-{run.name}") for run in make_seeds("arl", (1, 2))]
    new = [run._replace(name=f"new-{run.name}", commit="d" * 40) for run in make_seeds("arl", (4, 6))]
    for runs in ([old[0], *new, old[1]], [*old, *new], [old[1], new[1], new[0], old[0]]):
        groups = group_by_setting(runs)
        assert sorted([run.name for run in seeds.values()] for seeds in groups) == [
            ["new-mine-arl", "new-mine-arl-s1"],
            ["old-mine-arl", "old-mine-arl-s1"],
        ]
    page = compose_comparison([*old, *new])
    code = "The runs are of 2 commits, whose code may differ: `git diff cccccccccccc dddddddddddd -- pipeline` shows it"
    assert code in page
    assert "whose code may differ" not in compose_comparison(old)
    twice = group_by_setting([*old, old[0]._replace(revision="e" * 40)])
    assert [[*seeds] for seeds in twice] == [[0], [1], [0]]


def test_seeds_alone_have_a_mean_and_nothing_to_compare_it_with():
    page = compose_comparison(make_seeds("nal", (1, 3)))
    assert page.startswith("# mine-nal (NAL, seeds 0, 1)\n")
    assert rows(page, "attention-56")[0][1:3] == ["20.00 ± 14.14", "5.52"]
    assert "Parameters that differ: none." in page


def test_one_run_and_the_same_run_twice_are_refused(tmp_path):
    run = make_run("one", {"attention-56": [0]})
    with pytest.raises(InputError, match=r"^a comparison requires two runs or more\. Received: one$"):
        write_comparison(tmp_path, [run])
    with pytest.raises(InputError, match=r"runs that are not the same\. Received: one and again, both \w{12}$"):
        write_comparison(tmp_path, [run, run._replace(name="again")])
    assert list(tmp_path.iterdir()) == []


def test_many_runs_have_a_page_with_a_line_for_each_and_a_short_name(tmp_path):
    runs = [make_run(f"a-rather-long-name-{number}", {"attention-56": [number]}) for number in range(9)]
    for run in runs:
        for column in ("train_loss", "validation_loss", "learning_rate"):
            run.results["attention-56"].history[column] = 0.5
    path = write_comparison(tmp_path, runs, html=True)
    assert len(path.parent.name) < 140
    assert path.parent != write_comparison(tmp_path, runs[:8]).parent
    page = path.with_suffix(".html").read_text()
    curves = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])
    words = {text.text for text in curves.iter("{http://www.w3.org/2000/svg}text")}
    assert words >= {f"attention-56, {run.name}" for run in runs}
    lines = {path.get("style") for path in curves.iter("{http://www.w3.org/2000/svg}path")}
    assert len({style for style in lines if style and "stroke-width: 1.5" in style}) == 9  # by color and style


def test_runs_on_different_data_are_refused_by_name_and_nothing_is_written(tmp_path):
    runs = (make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [0]}, dataset="cifar100"))
    assert refusal(write_comparison, tmp_path, runs) == (
        "a comparison requires runs on the same data. "
        "Received: one on cifar10 (sha256 digest-of-cifar10); two on cifar100 (sha256 digest-of-cifar100)"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_page_and_its_picture_are_written_again_over_the_last(tmp_path):
    runs = make_run("one", {"attention-56": [0]}), make_run("topic/two", {"attention-56": [0]})
    for _ in range(2):
        page = write_comparison(tmp_path, runs)
    assert page == tmp_path / "comparisons/one-topic-two/comparison.md"
    assert "(learning-curves.png)" in page.read_text()
    assert page.with_name("learning-curves.png").read_bytes().startswith(b"\x89PNG")


def test_predictions_of_other_images_are_not_compared():
    first, second = (
        make_run(f"mine-{learning}", {"attention-56": [0]}, learning=learning) for learning in ("arl", "nal")
    )
    second.results["attention-56"].predictions.loc[0, "actual"] = "b"
    with pytest.raises(
        InputError, match=r"same images.* Received: mine-arl and mine-nal, whose images of attention-56"
    ):
        compare_models(first, second, "attention-56", "attention-56")
