import hashlib
import json
import shutil
from statistics import mean, stdev

import pandas as pd
import pytest

from flows.publish import BEGIN, END, load_all, write_pages
from flows.published import find_run, publish_run
from flows.repository import find_commit
from flows.runs import load_run
from flows.summary import find_runs, format_row
from pipeline.cifar.datasets import CIFAR10
from pipeline.errors import InputError
from pipeline.params import load_params
from tests.tiny_repository import ROOT, Repository

NETWORKS = ("attention-56", "attention-92")
RECIPE = (ROOT / "recipes/cifar10-cpu.yaml").read_text().replace("[attention-56]", f"[{', '.join(NETWORKS)}]")
PAGE = f"# Before\n\n{BEGIN}old\n{END}\nAfter\n"


@pytest.fixture
def record(small_repository):
    """Commit the made-up run `mine-<learning>` of a recipe, in which two networks get some of ten images wrong."""
    folder = small_repository.folder
    for key, value in {"user.name": "somebody", "user.email": "somebody@localhost"}.items():
        small_repository.run("git", "config", key, value)
    (folder / "recipes").mkdir()
    (folder / "recipes/mine.yaml").write_text(RECIPE)
    (folder / "README.md").write_text(PAGE)
    (folder / "reports/figures").mkdir(parents=True)
    (folder / "reports/report.md").write_text("a report\n")
    (folder / "reports/figures/one.png").write_bytes(b"\x89PNG\xff")
    (folder / "dvc.yaml").write_text("stages: {}\n")
    (folder / "dvc.lock").write_text("schema: '2.0'\n")

    def write(name, wrong, learning="arl", seed=0, predictions=True):
        params = RECIPE.replace("learning: arl", f"learning: {learning}").replace(
            "  seed: 0\n  epochs", f"  seed: {seed}\n  epochs"
        )
        (folder / "params.yaml").write_text(params)
        for network in NETWORKS:
            error = 10.0 * wrong
            table = pd.DataFrame({"actual": ["a"] * 10, "predicted": ["b"] * wrong + ["a"] * (10 - wrong)})
            details = {
                "dataset": "cifar10",
                "dataset_sha256": "digest",
                "parameters": 1,
                "test_error_percent_with_mirror_images": error,
                "test_calibration_error_percent": 1.0,
                "test_error_percent_per_class": {"a": error, "b": 0.0},
            }
            errors = {f"{split}_error_percent": error for split in ("train", "validation", "test")}
            machine = {"device": "CPU", "processor": "one", "libraries": {"numpy": "2"}}
            contents = {
                f"metrics/{network}.json": errors,
                f"details/{network}.json": details,
                f"timing/{network}.json": {"train_minutes": 1.5, "images_per_second": 400.0},
                f"machine/{network}.json": machine,
            }
            for file, content in contents.items():
                (folder / file).parent.mkdir(exist_ok=True)
                (folder / file).write_text(json.dumps(content))
            for kind, text in (
                ("history", f"epoch,train_error_percent,validation_error_percent\n1,{error},{error}\n"),
                ("predictions", table.to_csv(index_label="index")),
            ):
                (folder / kind).mkdir(exist_ok=True)
                (folder / f"{kind}/{network}.csv").write_text(text)
            if not predictions:
                (folder / f"predictions/{network}.csv").unlink()
        small_repository.commit(name)
        small_repository.run("git", "tag", "--force", name)
        return folder

    return write


def test_a_published_run_is_the_recorded_one(record):
    folder = record("mine-arl", 2)
    recorded = load_run(folder, "mine-arl")
    published = publish_run(folder, "mine-arl")
    assert published.as_posix() == "results/mine-arl"
    assert (folder / published / "reports/figures/one.png").read_bytes() == b"\x89PNG\xff"
    assert (folder / published / "dvc.lock").read_bytes() == (folder / "dvc.lock").read_bytes()
    found = find_run(folder, "results/mine-arl")
    assert (found.params, found.commit, found.revision) == (recorded.params, recorded.commit, recorded.revision)
    for network, result in recorded.results.items():
        for field in result._fields:
            one, other = getattr(result, field), getattr(found.results[network], field)
            assert one.equals(other) if isinstance(one, pd.DataFrame) else one == other
    assert find_run(folder, "mine-arl").name == "mine-arl"


def test_the_evidence_tells_the_command_that_makes_the_run_again(record):
    folder = record("mine-nal-s7", 2, learning="nal", seed=7)
    evidence = json.loads((folder / publish_run(folder, "mine-nal-s7") / "evidence.json").read_text())
    commit = find_commit(folder, "HEAD")
    assert evidence["command"] == (
        f"prefect deployment run reproduce/mine -p commit={commit} -p learning=nal -p seed=7"
    )
    assert (evidence["recipe"], evidence["overrides"], evidence["commit"]) == ("mine", {}, commit)


def test_the_pages_show_what_is_published_and_what_is_not_and_leave_the_rest_alone(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    pages = []
    for _ in range(2):
        write_pages(folder)
        pages.append(((folder / "README.md").read_bytes(), (folder / "results/README.md").read_bytes()))
    assert pages[0] == pages[1]
    readme = pages[0][0].decode()
    assert readme.startswith(f"# Before\n\n{BEGIN}")
    assert readme.endswith(f"{END}\nAfter\n")
    row = "| mine | attention-56 | 20.00 | not yet run | – | – | 0 (n = 1) | 5.52 | 5.89 | 5.28 | 9.03 |"
    assert row in readme
    assert row in pages[0][1].decode()

    record("mine-nal", 5, learning="nal")
    publish_run(folder, "mine-nal")
    write_pages(folder)
    # Three images only ARL has right: 2 · 2⁻³.
    expected = "| mine | attention-56 | 20.00 | 50.00 | +30.00 | 0.25 | 0 (n = 1) | 5.52 | 5.89 | 5.28 | 9.03 |"
    assert expected in (folder / "README.md").read_text()
    assert (folder / "results/figures/mine.png").read_bytes().startswith(b"\x89PNG")


def test_several_seeds_have_a_mean_and_a_deviation(record):
    runs = [
        load_run(record(f"mine-arl-s{seed}", wrong, seed=seed), f"mine-arl-s{seed}") for seed, wrong in ((0, 1), (1, 4))
    ]
    row = format_row("mine", "attention-92", "cifar10", {"arl": runs, "nal": []})
    assert row[2:7] == (f"{mean([10, 40]):.2f} ± {stdev([10, 40]):.2f}", "not yet run", "–", "–", "0, 1 (n = 2)")
    nal = load_run(record("mine-nal-s1", 9, learning="nal", seed=1), "mine-nal-s1")
    row = format_row("mine", "attention-92", "cifar10", {"arl": runs, "nal": [nal]})
    # Five images only ARL's seed 1 has right: 2 · 2⁻⁵.
    assert row[3:7] == ("90.00", "+65.00", "0.062", "0, 1 (n = 2); 1 (n = 1)")


def test_a_seed_that_is_published_twice_counts_once(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    shutil.copytree(folder / "results/mine-arl", folder / "results/mine-arl-56")
    (runs,) = [runs for runs in find_runs(load_all(folder), "mine", "attention-56").values() if runs]
    assert len(runs) == 1


def test_what_cannot_be_published_is_refused_and_nothing_is_written(record, small_repository):
    folder = record("mine-arl", 2)
    small_repository.run("git", "tag", "else-arl")
    with pytest.raises(InputError, match=r"requires a name <recipe>-arl.*Received: else-arl"):
        publish_run(folder, "else-arl")
    record("mine-arl-s1", 2, predictions=False)
    with pytest.raises(InputError, match=r"mine-arl-s1 requires all files of a run\. Received: no predictions"):
        publish_run(folder, "mine-arl-s1")
    small_repository.run("git", "reset", "--quiet", "--hard", "HEAD~2")
    with pytest.raises(InputError, match="requires a commit that HEAD contains"):
        publish_run(folder, "mine-arl")
    assert not list((folder / "results").glob("*"))


def test_a_readme_without_marks_is_refused(record):
    folder = record("mine-arl", 2)
    (folder / "README.md").write_text("# Mine\n")
    with pytest.raises(InputError, match=r"README\.md requires the lines <!-- results"):
        write_pages(folder)


def test_a_clone_without_experiments_and_cache_compares_what_is_published(project, first_run, tmp_path):
    clone = Repository(tmp_path / "clone", tmp_path)
    try:
        assert "results/tiny-nal\n" in project.run("python", "-m", "flows.publish", "tiny-arl", "tiny-nal")
        clone.folder.mkdir()
        clone.run("git", "clone", "--quiet", str(project.folder), ".")
        shutil.copytree(project.folder / "results", clone.folder / "results", dirs_exist_ok=True)
    finally:
        project.run("git", "clean", "-fdq", "results")
        project.run("git", "checkout", "--quiet", "README.md", "results")
    output = clone.run("python", "-m", "flows.compare", "results/tiny-arl", "results/tiny-nal")
    page = (project.folder / "comparisons/tiny-arl-tiny-nal/comparison.md").read_text()
    # Of what is on the page, only the runs' names are others.
    assert output.replace("results/", "").startswith(page)


PUBLISHED = load_all(ROOT)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.run.name)
def test_published_errors_are_those_of_the_predictions_on_the_known_data(published):
    run = published.run
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in CIFAR10.file_sha256.items())
    assert run.dataset == ("cifar10", hashlib.sha256(lines.encode()).hexdigest())
    for result in run.results.values():
        wrong = result.predictions["actual"] != result.predictions["predicted"]
        assert len(wrong) == 10_000
        assert result.metrics["test_error_percent"] == pytest.approx(100 * wrong.mean())
        assert result.metrics["validation_error_percent"] == pytest.approx(
            result.history["validation_error_percent"].iloc[-1], abs=1e-3
        )
        assert len(result.history) == run.params.train.epochs
        per_class = 100 * wrong.groupby(result.predictions["actual"]).mean()
        assert result.details["test_error_percent_per_class"] == pytest.approx(per_class.to_dict())


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda published: published.run.name)
def test_a_published_run_has_the_parameters_of_its_recipe_as_it_is(published):
    expected = load_params(ROOT / f"recipes/{published.evidence.recipe}.yaml").model_dump()
    received = published.run.params.model_dump()
    for params in (expected, received):
        del params["networks"], params["model"]["learning"], params["train"]["seed"]
    assert published.evidence.overrides or received == expected


def test_the_committed_pages_are_those_of_the_published_runs(tmp_path):
    for name in ("README.md", "recipes", "results"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    (tmp_path / "results").unlink()
    (tmp_path / "results").mkdir()
    for folder in (ROOT / "results").iterdir():
        if folder.is_dir() and folder.name != "figures":
            (tmp_path / "results" / folder.name).symlink_to(folder)
    write_pages(tmp_path)
    for name in ("README.md", "results/README.md"):
        assert (tmp_path / name).read_text() == (ROOT / name).read_text()
