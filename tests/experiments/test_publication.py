import hashlib
import json
import shutil
from statistics import mean, stdev

import numpy as np
import pandas as pd
import pytest

from execution.git import find_commit
from execution.plan import Plan
from experiments.agreement import describe_agreement
from experiments.comparison_page import find_correct
from experiments.experiment import load_run
from experiments.provenance import Evidence
from experiments.publication import Published, find_run, load_published, publish_run
from experiments.published_page import compose_pairs
from experiments.published_pages import BEGIN, END, draw_curves, load_all, write_pages
from experiments.published_table import find_runs, format_row
from pipeline.cifar.datasets import CIFAR10
from pipeline.errors import InputError
from tests.tiny_repository import ROOT

NETWORKS = ("attention-56", "attention-92")
RECIPE = (ROOT / "recipes/cifar10-cpu.yaml").read_text().replace("[attention-56]", f"[{', '.join(NETWORKS)}]")
ROW = "| mine | attention-56 | wide-stem × 0.375 | 32 |"
EVIDENCE = Evidence("mine", "commit", "revision", "command")
PAGE = f"# Before\n\n{BEGIN}old\n{END}\nAfter\n"


@pytest.fixture
def record(small_repository, tmp_path):
    """Record a made-up run of a recipe as an experiment, in which two networks get some of ten images wrong."""
    folder = small_repository.folder
    for key, value in {"user.name": "somebody", "user.email": "somebody@localhost"}.items():
        small_repository.run("git", "config", key, value)
    (folder / "recipes").mkdir()
    (folder / "recipes/mine.yaml").write_text(RECIPE)
    (folder / "README.md").write_text(PAGE)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    small_repository.commit("a recipe")

    def write(name, wrong, change=lambda clone: None, **options):
        base = find_commit(folder, "HEAD")
        clone = tmp_path / name
        small_repository.run("git", "worktree", "add", "--quiet", "--detach", str(clone), base)
        write_run(clone, wrong, **options)
        arguments = {name: options[name] for name in ("learning", "seed") if name in options}
        Plan("mine", base, arguments, name, "").write(clone)
        change(clone)
        small_repository.run("git", "-C", str(clone), "add", "--all")
        small_repository.run("git", "-C", str(clone), "commit", "--quiet", f"--message={name}")
        small_repository.run("git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", find_commit(clone, "HEAD"))
        return folder

    return write


def write_run(folder, wrong, learning="arl", seed=0):
    """Write the files of a run, and a dvc.lock with their digests."""
    params = RECIPE.replace("learning: arl", f"learning: {learning}")
    files = {"params.yaml": params.replace("  seed: 0\n  epochs", f"  seed: {seed}\n  epochs")}
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
    for network in NETWORKS:
        # By validation errors the order of runs is another than by test errors.
        errors = {
            "train_error_percent": error / 4,
            "validation_error_percent": 100 - error,
            "test_error_percent": error,
        }
        timing = {"train_minutes": 1.5, "images_per_second": 400.0}
        machine = {"device": "CPU", "processor": "one", "libraries": {"numpy": "2"}}
        history = f"epoch,train_error_percent,validation_error_percent\n1,{error},{error}\n"
        files |= {
            f"metrics/{network}.json": json.dumps(errors),
            f"details/{network}.json": json.dumps(details),
            f"timing/{network}.json": json.dumps(timing),
            f"machine/{network}.json": json.dumps(machine),
            f"history/{network}.csv": history,
            f"predictions/{network}.csv": table.to_csv(index_label="index"),
        }
    reports = {"figures/one.png": b"\x89PNG\xff", "report.md": b"a report\n"}
    listed = [{"md5": md5(content), "relpath": file} for file, content in reports.items()]
    outputs = [{"path": file, "md5": md5(text.encode())} for file, text in files.items() if file != "params.yaml"]
    outputs.append({"path": "reports", "md5": f"{md5(json.dumps(listed).encode())}.dir"})
    (folder / "dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": {"all": {"cmd": "make", "outs": outputs}}}))
    for file, text in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)
    (folder / "reports/figures").mkdir(parents=True)
    for file, content in reports.items():
        (folder / "reports" / file).write_bytes(content)


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_published_run_is_the_recorded_one(record, tmp_path):
    folder = record("mine-arl", 2)
    recorded = load_run(folder, "mine-arl")
    published = publish_run(folder, "mine-arl")
    assert published.as_posix() == "results/mine-arl"
    assert (folder / published / "reports/figures/one.png").read_bytes() == b"\x89PNG\xff"
    assert (folder / published / "dvc.lock").read_bytes() == (tmp_path / "mine-arl/dvc.lock").read_bytes()
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
    assert (evidence["recipe"], evidence["commit"]) == ("mine", commit)


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
    row = f"{ROW} 20.00 | not yet run | – | – | 0 (n = 1) | 5.52 | 5.89 | 5.28 (16.35) | 9.03 (24.08) |"
    assert row in readme
    assert row in pages[0][1].decode()

    record("mine-nal", 5, learning="nal")
    publish_run(folder, "mine-nal")
    write_pages(folder)
    # Three images only ARL has right: 2 · 2⁻³.
    expected = f"{ROW} 20.00 | 50.00 | +30.00 | 0.25 | 0 (n = 1) | 5.52 | 5.89 | 5.28 (16.35) | 9.03 (24.08) |"
    assert expected in (folder / "README.md").read_text()
    page = (folder / "results/README.md").read_text()
    # 1.96 √(3 − 3²/10) / 10.
    assert "| attention-56 | 3 | 0 | 10 | +30.00 ± 28.40 | 0.25 |" in page
    # 1.96 √(0.2 · 0.8 / 10).
    assert (
        "| [mine-arl](mine-arl/reports/report.md) | attention-56 | 5.00 | 80.00 | 20.00 | 24.79 | 20.00 | 1.5 |" in page
    )
    assert page.count("## The best model") == 1
    assert "By validation error, 50.00 %: attention-56 of mine-nal." in page
    assert "(mine-nal/reports/figures/mistakes-attention-56.png)" in page
    assert (folder / "results/figures/mine.png").read_bytes().startswith(b"\x89PNG")


def test_several_seeds_have_a_mean_and_a_deviation_and_are_compared_in_pairs(record):
    runs = {}
    for learning, seed, wrong in (("arl", 0, 1), ("arl", 1, 4), ("nal", 1, 9), ("nal", 0, 2)):
        name = f"mine-{learning}-s{seed}"
        runs.setdefault(learning, {})[seed] = load_run(record(name, wrong, learning=learning, seed=seed), name)
    late = {0: runs["nal"].pop(0)}
    params = runs["arl"][0].params
    row = format_row("mine", "attention-92", params, {"arl": runs["arl"], "nal": {}})
    assert row[4:9] == (f"{mean([10, 40]):.2f} ± {stdev([10, 40]):.2f}", "not yet run", "–", "–", "0, 1 (n = 2)")
    row = format_row("mine", "attention-92", params, runs)
    # Five images only ARL's seed 1 has right: 2 · 2⁻⁵.
    assert row[5:9] == ("90.00", "+50.00", "0.062", "0, 1 (n = 2); 1 (n = 1)")
    row = format_row("mine", "attention-92", params, {"arl": runs["arl"], "nal": late | runs["nal"]})
    # One image only ARL's seed 0 has right: 2 · 2⁻¹.
    assert row[6:9] == ("+30.00", "1, 0.062", "0, 1 (n = 2)")


def test_runs_of_different_seeds_are_not_tested_as_pairs(record):
    runs = {}
    for learning, seed in (("arl", 0), ("nal", 1), ("nal", 0)):
        name = f"mine-{learning}-s{seed}"
        run = load_run(record(name, 2 + seed, learning=learning, seed=seed), name)
        runs[learning, seed] = Published(run, EVIDENCE)
    assert not list(compose_pairs([runs["arl", 0], runs["nal", 1]]))
    (table,) = compose_pairs(list(runs.values()))
    assert "| Only mine-arl-s0 right | Only mine-nal-s0 right |" in table
    deeper = {"attention-92": runs["nal", 0].run.results["attention-92"]}
    shallower = {"attention-56": runs["arl", 0].run.results["attention-56"]}
    assert not list(
        compose_pairs(
            [
                Published(runs["arl", 0].run._replace(results=shallower), EVIDENCE),
                Published(runs["nal", 0].run._replace(results=deeper), EVIDENCE),
            ]
        )
    )


def test_predictions_of_other_images_are_not_compared(record):
    runs = [
        load_run(record(f"mine-{learning}", 2, learning=learning), f"mine-{learning}") for learning in ("arl", "nal")
    ]
    predictions = runs[1].results["attention-56"].predictions
    predictions.loc[0, "actual"] = "b"
    with pytest.raises(
        InputError, match=r"same images.* Received: mine-arl and mine-nal, whose images of attention-56"
    ):
        find_correct(*runs, "attention-56")


def test_curves_are_of_every_network_though_each_has_a_run_of_its_own(record, monkeypatch, tmp_path):
    run = load_run(record("mine-arl", 2), "mine-arl")
    drawn = []
    monkeypatch.setattr("experiments.published_pages.draw_learning_curves", lambda runs, path: drawn.append(runs))
    published = [
        Published(run._replace(results={network: result}), EVIDENCE) for network, result in run.results.items()
    ]
    draw_curves("mine", published, tmp_path / "curves.png")
    assert [list(histories) for histories in drawn[0].values()] == [list(NETWORKS)]


def test_a_seed_that_is_published_twice_counts_once_and_must_have_one_result(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    shutil.copytree(folder / "results/mine-arl", folder / "results/mine-arl-56")
    published = load_all(folder)
    assert {seed: run.name for seed, run in find_runs(published, "mine", "attention-56")["arl"].items()} == {
        0: "results/mine-arl"
    }
    published[1].run.results["attention-56"].metrics["test_error_percent"] = 1.0
    with pytest.raises(
        InputError, match=r"Received: two of attention-56, in results/mine-arl and in results/mine-arl-"
    ):
        find_runs(published, "mine", "attention-56")


def test_a_run_whose_recipe_is_no_more_or_another_now_is_named(record):
    folder = record("mine-arl", 2)
    publish_run(folder, "mine-arl")
    recipe = folder / "recipes/mine.yaml"
    recipe.write_text(RECIPE.replace("epochs: 32", "epochs: 33"))
    with pytest.raises(InputError, match=r"Received: results/mine-arl, of mine, with another train\.epochs"):
        write_pages(folder)
    recipe.rename(folder / "recipes/other.yaml")
    with pytest.raises(InputError, match=r"Received: results/mine-arl, of mine, which is no more"):
        write_pages(folder)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "else-arl",
            lambda clone: Plan("mine", "", {}, "mine-arl", "").write(clone),
            "a recipe's run without overrides.*Received: else-arl",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "plan.json").unlink(),
            "requires plan.json, as a flow writes it. Received: mine-arl, without",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "params.yaml").write_text(RECIPE.replace("epochs: 32", "epochs: 33")),
            "a recipe's run without overrides.*Received: mine-arl",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "code.py").touch(),
            "files of its commit.*Received: mine-arl, which has others: code.py",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "predictions/attention-92.csv").unlink(),
            "requires all files of a run. Received: no predictions/attention-92.csv",
        ),
        (
            "mine-arl",
            lambda clone: (clone / "timing/attention-56.json").write_text('{"train_minutes": 1}'),
            "timing/attention-56.json requires the md5 of dvc.lock",
        ),
    ],
)
def test_what_cannot_be_published_is_refused_and_nothing_is_written(name, change, message, record):
    folder = record(name, 2, change)
    with pytest.raises(InputError, match=message):
        publish_run(folder, name)
    assert not list((folder / "results").glob("*"))


def test_a_run_of_a_commit_that_others_lack_or_of_none_is_refused(record, small_repository):
    folder = record("mine-arl", 2)
    write_run(folder, 2, learning="nal")
    small_repository.commit("no experiment")
    small_repository.run("git", "tag", "mine-nal")
    with pytest.raises(InputError, match=r"requires an experiment\. Received: mine-nal, which is none"):
        publish_run(folder, "mine-nal")
    small_repository.run("git", "reset", "--quiet", "--hard", "HEAD~2")
    with pytest.raises(InputError, match="requires a commit that HEAD contains"):
        publish_run(folder, "mine-arl")
    assert not list((folder / "results").glob("*"))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("evidence.json", b"{", "evidence.json requires a file of JSON"),
        ("evidence.json", b'{"recipe": "mine"}', "evidence.json requires an object with the keys"),
        ("metrics/attention-56.json", b"{", "metrics/attention-56.json is required as a run writes it"),
        ("details/attention-56.json", b"{}", "details/attention-56.json requires the keys dataset"),
        ("history/attention-56.csv", b"", "history/attention-56.csv is required as a run writes it"),
        ("machine/attention-56.json", b"\xff", r"requires the results of a complete run\. Received: none in machine"),
        ("predictions/attention-56.csv", None, r"requires the md5 of dvc.lock, \w+. Received: none"),
        ("reports/report.md", b"another", "reports requires the md5 of dvc.lock"),
        ("timing/attention-92.json", b'{"train_minutes": 1}', "timing/attention-92.json requires the md5"),
        ("dvc.lock", None, "dvc.lock requires a file as DVC writes it"),
    ],
)
def test_a_folder_with_another_file_than_was_recorded_is_refused_in_one_line(file, content, message, record):
    folder = record("mine-arl", 2)
    path = folder / publish_run(folder, "mine-arl") / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        find_run(folder, "results/mine-arl")
    assert "\n" not in str(error.value)


def test_a_run_with_the_published_bytes_is_said_to_have_them_and_another_one_in_what_it_differs(
    record, small_repository, tmp_path
):
    folder = record("mine-arl", 2)
    assert "nothing is published" in describe_agreement(folder, load_run(folder, "mine-arl"))
    publish_run(folder, "mine-arl")
    same = "mine-arl: all 8 outputs have the bytes that results/mine-arl records."
    assert describe_agreement(folder, load_run(folder, "mine-arl")) == same

    def change_machine(clone):
        for network in NETWORKS:
            path = clone / f"machine/{network}.json"
            path.write_text(path.read_text().replace('"one"', '"other"'))

    small_repository.run("git", "worktree", "remove", "--force", str(tmp_path / "mine-arl"))
    record("mine-arl", 3, change_machine)
    said = describe_agreement(folder, load_run(folder, "mine-arl"))
    assert said.startswith("mine-arl: 8 of 8 outputs have other bytes than results/mine-arl records: details/attention")
    assert "test_error_percent 20 → 30" in said
    assert said.endswith("The machines differ in processor (one → other).")
    assert "\n" not in said


def test_a_folder_that_is_not_there_is_named(record):
    with pytest.raises(InputError, match=r"results/mine-arl/evidence\.json requires a file of JSON"):
        find_run(record("mine-nal", 2, learning="nal"), "results/mine-arl")


def test_a_readme_without_marks_is_refused(record):
    folder = record("mine-arl", 2)
    (folder / "README.md").write_text("# Mine\n")
    with pytest.raises(InputError, match=r"README\.md requires the lines <!-- results"):
        write_pages(folder)


PUBLISHED = sorted(path.parent.relative_to(ROOT) for path in ROOT.glob("results/*/evidence.json"))
DIGESTS = {
    CIFAR10.name: hashlib.sha256(
        "".join(f"{sha256}  {name}\n" for name, sha256 in CIFAR10.file_sha256.items()).encode()
    ).hexdigest(),
}


@pytest.mark.parametrize("folder", PUBLISHED, ids=str)
def test_published_errors_are_those_of_the_predictions_on_the_known_data(folder):
    run = load_published(ROOT, folder).run
    name, sha256 = run.dataset
    download = run.params.download
    assert sha256 == (download.sha256 if name == "synthetic" else DIGESTS[name])
    for result in run.results.values():
        wrong = result.predictions["actual"] != result.predictions["predicted"]
        assert len(wrong) == (download.test_images if name == "synthetic" else 10_000)
        assert result.metrics["test_error_percent"] == pytest.approx(100 * wrong.mean())
        assert result.metrics["validation_error_percent"] == pytest.approx(
            result.history["validation_error_percent"].iloc[-1], abs=1e-3
        )
        assert len(result.history) == run.params.train.epochs
        per_class = 100 * wrong.groupby(result.predictions["actual"]).mean()
        assert result.details["test_error_percent_per_class"] == pytest.approx(per_class.to_dict())
        # Guo et al. 2017, equation 3: the gap of each of 15 bins, weighted by its images.
        probability = result.predictions["probability"].astype(float)
        bins = pd.cut(probability, np.linspace(0, 1, 16), labels=False)
        gaps = (~wrong - probability).groupby(bins).sum().abs()
        assert result.details["test_calibration_error_percent"] == pytest.approx(
            100 * gaps.sum() / len(wrong), abs=1e-3
        )


def test_the_committed_pages_are_those_of_the_published_runs(tmp_path):
    shutil.copytree(ROOT / "results", tmp_path / "results")
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    pages = ("README.md", "results/README.md")
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "results/figures").iterdir()}
    shutil.rmtree(tmp_path / "results/figures")
    (tmp_path / "results/README.md").unlink()
    write_pages(tmp_path)
    for name in pages:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text()
    assert {path.name: path.read_bytes() for path in (tmp_path / "results/figures").iterdir()} == pictures
