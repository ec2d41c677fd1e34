import json
import shutil

import dvc.api

from execution.git import find_commit, list_committed, name_reference
from execution.places import Places
from execution.plan import Plan
from execution.run_plan import run_plan


def test_a_run_is_steps_in_order_and_its_experiment_has_its_files_and_its_plan(small_repository, head, parameters):
    plan = Plan("demo", head, {"learning": "arl"}, "mine", parameters())
    steps = []

    def run_step(name, work):
        steps.append(name)
        return work(print)

    revision = run_plan(Places(small_repository.folder), plan, run_step)
    assert (steps[:3], steps[-1]) == (["clone", "prepare", "first"], "save")
    assert sorted(steps[3:-1]) == ["each@a", "each@b", "last"]
    assert dvc.api.read("last.txt", str(small_repository.folder), rev=revision) == "hello\n"
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

    first, again = (run_plan(Places(folder), plan, lambda _, work: work(print)) for _ in range(2))
    times = [small_repository.run("git", "show", f"{revision}:a-time.txt") for revision in (first, again, "HEAD")]
    assert times[0] == times[1] != times[2]
    assert "b-time.txt" not in list_committed(folder, first, ".")
