import json
import shutil

from execution.git import find_commit, name_reference
from execution.places import Places
from execution.plan import Plan
from execution.run_plan import run_plan


def test_a_run_is_steps_in_order_and_is_read_in_its_clone_with_its_plan_in_the_experiment(
    small_repository, head, parameters
):
    plan = Plan("demo", head, {"learning": "arl"}, "mine", parameters())
    steps = []

    def run_step(name, work):
        steps.append(name)
        return work(print)

    def read(folder, revision):
        assert json.loads((folder / "plan.json").read_text())["recipe"] == "demo"
        return revision, (folder / "last.txt").read_text()

    revision, text = run_plan(Places(small_repository.folder), plan, read, run_step)
    assert (steps[:3], steps[-1]) == (["clone", "prepare", "first"], "save")
    assert sorted(steps[3:-1]) == ["each@a", "each@b", "last"]
    assert text == "hello\n"
    saved = json.loads(small_repository.run("git", "show", f"{revision}:plan.json"))
    assert saved.pop("command").startswith(f"prefect deployment run reproduce/demo -p commit={head} -p learning=arl")
    assert saved == {"recipe": "demo", "commit": head, "arguments": {"learning": "arl"}, "experiment": "mine"}
    assert find_commit(small_repository.folder, name_reference(head, "mine")) == revision


TIMED = """
stages:
  train:
    matrix: {name: "${names}"}
    cmd: echo model > ${item.name}-model.txt; date +%N > ${item.name}-time.txt
    outs: ["${item.name}-model.txt", "${item.name}-time.txt": {cache: false}]
"""


def test_a_run_again_keeps_the_results_of_the_first_though_its_commit_has_others(small_repository, parameters):
    """With the same models in the cache, the commit's record of another machine's run would do as well."""
    folder = small_repository.folder
    (folder / "dvc.yaml").write_text(TIMED)
    small_repository.run("dvc", "repro")
    small_repository.commit("results of another machine, of a and b")
    small_repository.run("git", "clean", "-fdxq", "--exclude=.dvc")
    shutil.rmtree(folder / ".dvc/cache")
    plan = Plan("demo", find_commit(folder, "HEAD"), {}, "mine", parameters(names=["a"]))

    def read(clone, _):
        return {path.name: path.read_text() for path in clone.glob("*-time.txt")}

    first, again = (run_plan(Places(folder), plan, read, lambda _, work: work(print)) for _ in range(2))
    assert first.keys() == {"a-time.txt"}
    assert first["a-time.txt"] != small_repository.run("git", "show", "HEAD:a-time.txt")
    assert again == first
