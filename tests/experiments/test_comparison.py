import pytest

from experiments.comparison import compare_models, compose_comparison, write_comparison
from pipeline.errors import InputError
from tests.experiments.made_up_runs import make_run


def rows(page, network):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith(f"| {network} ")
    ]


def test_errors_change_published_figures_and_paired_test():
    first = make_run("mine-arl", {"attention-56": [0, 1]})
    second = make_run("mine-nal", {"attention-56": [1, 2, 3, 4, 5, 6]}, learning="nal")
    table, paired, *_ = rows(compose_comparison(first, second), "attention-56")
    assert table == ["attention-56", "20.00", "60.00", "+40.00", "5.52", "5.89", "+0.37", "5.28", "9.03"]
    # Image 0 against images 2 to 6: 2 · (1 + 6) / 2⁶; 1.96 √(6 − 4²/10) / 10
    assert paired == ["attention-56", "5", "1", "10", "+40.00 ± 41.11", "0.22"]


def test_other_lists_of_networks_leave_gaps():
    first = make_run("one", {"attention-56": [0], "attention-92": [0]})
    second = make_run("two", {"attention-92": [1], "attention-mini": [2]})
    page = compose_comparison(first, second)
    assert [rows(page, network)[0][1:4] for network in ("attention-56", "attention-92", "attention-mini")] == [
        ["10.00", "–", "–"],
        ["10.00", "10.00", "+0.00"],
        ["–", "10.00", "–"],
    ]
    assert rows(page, "attention-56")[1][1:] == ["–"] * 5
    # As where DVC's cache does not have the predictions.
    result = second.results["attention-92"]._replace(predictions=None)
    page = compose_comparison(first, second._replace(results={"attention-92": result}))
    assert rows(page, "attention-92")[1][1:] == ["–"] * 5


def test_what_ties_the_numbers_to_their_making():
    page = compose_comparison(
        make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [0]}, learning="nal", seed=7)
    )
    evidence = page[page.index("## Evidence") :]
    for part in ("digest-of-cifar10", "c" * 40, "f" * 12, "training seed 7", "tensorflow 1.2", "a processor", "n = 1"):
        assert part in evidence
    assert "jax" not in evidence
    assert "Parameters that differ: `model.learning` arl → nal; `train.seed` 0 → 7." in evidence


def test_images_without_published_figures_are_said_to_be_others():
    runs = [make_run(name, {"attention-56": [0]}, dataset="synthetic") for name in ("one", "two")]
    page = compose_comparison(*runs)
    assert "The published figures are of cifar10, not of these images." in page
    assert rows(page, "attention-56")[0][4] == "5.52"


def test_runs_on_different_data_are_refused_by_name_and_nothing_is_written(tmp_path):
    runs = (make_run("one", {"attention-56": [0]}), make_run("two", {"attention-56": [0]}, dataset="cifar100"))
    with pytest.raises(InputError) as error:
        write_comparison(tmp_path, *runs)
    assert str(error.value) == (
        "a comparison requires two runs on the same data. "
        "Received: one on cifar10 (sha256 digest-of-cifar10); two on cifar100 (sha256 digest-of-cifar100)"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_page_and_its_picture_are_written_again_over_the_last(tmp_path):
    runs = make_run("one", {"attention-56": [0]}), make_run("topic/two", {"attention-56": [0]})
    for _ in range(2):
        page = write_comparison(tmp_path, *runs)
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
        compare_models(first, second, "attention-56")
