import shutil
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

import pytest

from experiments.comparing.comparison import compose_comparison
from experiments.provenance import Evidence
from experiments.publishing.published_overview import (
    BEGIN,
    COLUMNS,
    END,
    draw_curves,
    list_learning_tests,
    make_rows,
    write_overview,
)
from experiments.publishing.published_run import FOLDERS, Published, list_folders, load_all, publish_run
from experiments.publishing.recipe_table import compose_recipe_table, find_runs, make_row
from pipeline.errors import InputError
from pipeline.evaluation.tables import RESULTS, Column
from pipeline.settings import params
from pipeline.settings.sections import Model
from pipeline.settings.strictness import AsBefore, Count
from tests.experiments.made_up_runs import NETWORKS, RECIPE, make_run
from tests.tiny_repository import ROOT

ROW = "| mine | attention-56 | wide-stem × 0.375 | 32 |"
EVIDENCE = Evidence("mine", "commit", "revision", "command")
PUBLISHED = list_folders(ROOT)


def test_the_pages_show_what_is_published_and_what_is_not_and_leave_the_rest_alone(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    study = folder / "results/studies/question"
    study.mkdir(parents=True)
    (study / "README.md").write_text("# Does it?\n\n**1 of 3 runs so far**: nothing.\n\n| Setting |\n")
    pages = []
    for _ in range(2):
        write_overview(folder)
        pages.append(((folder / "README.md").read_bytes(), (folder / "results/README.md").read_bytes()))
    assert pages[0] == pages[1]
    readme = pages[0][0].decode()
    assert readme.startswith(f"# Before\n\n{BEGIN}")
    assert readme.endswith(f"{END}\nAfter\n")
    row = f"{ROW} 20.00 | not yet run | – | – | 0 (n = 1) | 5.52 / 5.89 | 5.28 / 9.03 | 16.35 / 24.08 |"
    assert row in readme
    assert row in pages[0][1].decode()
    assert "\n- [Does it?](studies/question/README.md) **1 of 3 runs so far**: nothing.\n" in pages[0][1].decode()

    record("mine-nal", 5, learning="nal")
    publish_run(folder, "mine-nal")
    write_overview(folder)
    # Three images only ARL has right: 2 · 2⁻³.
    expected = f"{ROW} 20.00 | 50.00 | +30.00 | 0.25 | 0 (n = 1) | 5.52 / 5.89 | 5.28 / 9.03 | 16.35 / 24.08 |"
    assert expected in (folder / "README.md").read_text()
    page = (folder / "results/README.md").read_text()
    # 1.96 √(5 − 3²/12) / 12.
    assert "| attention-56 | 3 | 0 | 10 | +30.00 ± 33.67 | 0.25 |" in page
    # 1.96 √(0.2 · 0.8 / 10 + (1.96 / 20)²) / (1 + 1.96²/10).
    assert (
        "| [mine-arl](mine-arl/reports/report.md) | attention-56 | 5.00 | 80.00 | 20.00 | 22.66 | 20.00 | – | 1.5 |"
        in page
    )
    assert page.count("## The best model") == 1
    assert "By validation error, 50.00 %: attention-56 of mine-nal." in page
    assert "(mine-nal/reports/figures/mistakes-attention-56.png)" in page
    assert (folder / "results/figures/mine.png").read_bytes().startswith(b"\x89PNG")


def test_what_no_run_is_published_of_is_one_sentence():
    recipe = make_published(network="attention-56").run.params.model_copy(update={"networks": list(NETWORKS)})
    table = compose_recipe_table([make_published(network="attention-56")], {"mine": recipe, "other": recipe})
    assert table.count("| mine |") == 1
    assert "| other |" not in table
    missing = "mine (attention-92), other (attention-56, attention-92)."
    assert f"\n\nNo runs of their own yet, but for those of studies: {missing}\n\n" in table


SEEDS = [("arl", 0, 1), ("arl", 1, 4), ("nal", 1, 9), ("nal", 0, 2)]


def make_published(wrong=1, network="attention-92", **options):
    name = f"mine-{options.get('learning', 'arl')}-s{options.get('seed', 0)}"
    return Published(make_run(name, {network: range(wrong)}, **options), EVIDENCE)


def test_several_seeds_have_a_mean_and_a_deviation_and_are_compared_in_pairs():
    published = [make_published(wrong, learning=learning, seed=seed) for learning, seed, wrong in SEEDS]

    def row(*chosen):
        runs = find_runs(chosen, "mine", "attention-92")
        return list(make_row("mine", "attention-92", published[0].run.params, runs).values())[4:9]

    assert row(*published[:2]) == [
        f"{mean([10, 40]):.2f} ± {stdev([10, 40]):.2f}",
        "not yet run",
        "–",
        "–",
        "0, 1 (n = 2)",
    ]
    # Five images only ARL's seed 1 has right: 2 · 2⁻⁵.
    assert row(*published[:3])[1:] == ["90.00", "+50.00", "0.062", "0, 1 (n = 2); 1 (n = 1)"]
    # One image only ARL's seed 0 has right: 2 · 2⁻¹.
    # Student's t for one degree of freedom, 12.706, of +10 and +50.
    assert row(*published)[2:] == ["+30.00 ± 254.12", "1.0, 0.062", "0, 1 (n = 2)"]


def test_several_seeds_have_a_row_of_their_means_below_their_own():
    runs = [make_published(wrong, learning=learning, seed=seed).run for learning, seed, wrong in SEEDS[:3]]
    *single, means = make_rows(runs)
    assert [row["Test, %"] for row in single] == ["10.00", "40.00", "90.00"]
    assert means["Run"] == "ARL, mean ± deviation of 2 seeds"
    assert means["Test, %"] == f"{mean([10, 40]):.2f} ± {stdev([10, 40]):.2f}"
    assert means["Test by six views, %"] == "–"  # of a version that did not measure it


def test_runs_of_different_seeds_or_networks_are_not_tested_as_pairs():
    runs = [make_published(wrong, learning=learning, seed=seed).run for learning, seed, wrong in SEEDS]
    (first,), (second,) = list_learning_tests(runs)
    assert {"Only mine-arl-s0 right", "Only mine-nal-s0 right"} < first.keys()
    assert {"Only mine-arl-s1 right", "Only mine-nal-s1 right"} < second.keys()
    assert not list(list_learning_tests([runs[0], make_published(network="attention-56", learning="nal").run]))


def test_curves_are_of_every_network_though_each_has_a_run_of_its_own():
    _, validation = draw_curves([make_published(network=network).run for network in NETWORKS]).axes
    assert [line.get_label() for line in validation.lines] == list(NETWORKS)


def test_a_seed_that_is_published_twice_counts_once_and_must_have_one_result():
    first, again, other = (make_published(wrong) for wrong in (1, 1, 2))
    runs = find_runs([first, again], "mine", "attention-92")
    assert runs == {"arl": {0: first.run}, "nal": {}}
    assert not [row["Run"] for row in make_rows([first.run, again.run]) if "seeds" in row["Run"]]
    with pytest.raises(InputError, match="Received: two of attention-92, in mine-arl-s0 and in mine-arl-s0"):
        find_runs([first, other], "mine", "attention-92")


def test_a_run_whose_recipe_is_no_more_or_another_now_is_named(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    recipe = folder / "recipes/mine.yaml"
    recipe.write_text(RECIPE.replace("epochs: 32", "epochs: 33"))
    with pytest.raises(InputError, match=r"Received: results/mine-arl, of mine, with another train\.epochs"):
        write_overview(folder)
    recipe.rename(folder / "recipes/other.yaml")
    with pytest.raises(InputError, match=r"Received: results/mine-arl, of mine, which is no more"):
        write_overview(folder)


def test_a_readme_without_marks_is_refused(record):
    folder = record("mine-arl", 2)
    (folder / "README.md").write_text("# Mine\n")
    with pytest.raises(InputError, match=r"README\.md requires the lines <!-- results"):
        write_overview(folder)


@pytest.fixture
def committed(tmp_path):
    """A copy of what is published here, without the pages and pictures that show it."""
    for folder in (*PUBLISHED, Path("results/studies")):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    return tmp_path


def test_the_committed_pages_are_those_of_the_published_runs(committed):
    write_overview(committed)
    pictures = [path.relative_to(ROOT) for path in ROOT.glob("results/figures/*")]
    for path in (Path("README.md"), Path("results/README.md"), *pictures):
        assert (committed / path).read_bytes() == (ROOT / path).read_bytes()
    assert len(list(committed.glob("results/figures/*"))) == len(pictures)


class LaterModel(Model):
    """With a parameter that is made up."""

    gates: Annotated[Count, AsBefore(1)]


class LaterParams(params.Params):
    """With that section."""

    model: LaterModel


@pytest.fixture
def later_version(monkeypatch):
    """A later version of this project: with a parameter, a file of each network, and keys in others that are new."""
    monkeypatch.setattr(params, "Params", LaterParams)
    added = (Column("Later error, %", "later_error_percent"), Column("Later count", "later_count", ","))
    monkeypatch.setattr("experiments.publishing.published_run.FOLDERS", (*FOLDERS, "later"))
    monkeypatch.setattr("experiments.comparing.comparison.RESULTS", (*RESULTS, *added))
    monkeypatch.setattr("experiments.publishing.published_overview.COLUMNS", (*COLUMNS, *added))


def test_what_is_published_is_read_compared_and_shown_by_a_later_version(later_version, committed):
    published = load_all(committed)
    assert len(published) == len(PUBLISHED)
    for first, second in product([run for run, _ in published], repeat=2):
        if first.dataset == second.dataset:
            page = compose_comparison([first, second])
            assert page.count("| Later error, % | Later count |") == 2
            assert page.count(" | – | – |\n") >= len(first.results) + len(second.results)
    for recipe in (committed / "recipes").glob("*.yaml"):
        recipe.write_text(recipe.read_text().replace("\nmodel:\n", "\nmodel:\n  gates: 1\n"))
    write_overview(committed)
    page = (committed / "results/README.md").read_text()
    assert "| Parameters | Later error, % | Later count |" in page
    rows = [line for line in page.splitlines() if line.startswith("| [")]  # the others are means of several seeds
    assert len(rows) == sum(len(run.results) for run, _ in published)
    assert all(row.endswith(" | – | – |") for row in rows)


def test_runs_of_two_versions_are_published_with_what_each_has(later_version, record):
    record("mine-arl", 2)
    folder = record("mine-nal", 2, learning="nal", further={"later/attention-92.json": "{}"})
    for name in ("mine-arl", "mine-nal"):
        publish_run(folder, name)
    assert not (folder / "results/mine-arl/later").exists()
    assert (folder / "results/mine-nal/later/attention-92.json").read_text() == "{}"
    assert [run.name for run, _ in load_all(folder)] == ["results/mine-arl", "results/mine-nal"]
    (folder / "results/mine-nal/later/attention-92.json").unlink()
    with pytest.raises(InputError, match=r"later/attention-92\.json requires the md5 of dvc\.lock"):
        load_all(folder)
