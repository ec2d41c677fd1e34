"""A repository with a recipe, in which made-up runs are recorded."""

import pytest

from execution.git import find_commit
from execution.plan import Plan
from experiments.publishing.published_overview import BEGIN, END
from tests.experiments.made_up_runs import RECIPE, write_run


@pytest.fixture
def record(small_repository, tmp_path):
    """Record a made-up run of the recipe as an experiment of HEAD."""
    folder = small_repository.folder
    for key, value in {"user.name": "somebody", "user.email": "somebody@localhost"}.items():
        small_repository.run("git", "config", key, value)
    (folder / "recipes").mkdir()
    (folder / "recipes/mine.yaml").write_text(RECIPE)
    (folder / "README.md").write_text(f"# Before\n\n{BEGIN}old\n{END}\nAfter\n")
    (folder / "dvc.yaml").write_text("stages: {}\n")
    small_repository.commit("a recipe")

    def write(name, wrong, change=lambda clone: None, **options):
        base = find_commit(folder, "HEAD")
        clone = tmp_path / f"{name}-{base[:7]}"
        small_repository.run("git", "worktree", "add", "--quiet", "--force", "--detach", str(clone), base)
        write_run(clone, wrong, **options)
        arguments = {"learning": options.get("learning", "arl")}
        arguments |= {"seed": options["seed"]} if "seed" in options else {}
        Plan("mine", base, arguments, name, "").write(clone)
        change(clone)
        small_repository.run("git", "-C", str(clone), "add", "--all")
        small_repository.run("git", "-C", str(clone), "commit", "--quiet", f"--message={name}")
        commit = find_commit(clone, "HEAD")
        small_repository.run("git", "worktree", "remove", "--force", str(clone))
        small_repository.run("git", "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", commit)
        return folder

    return write
