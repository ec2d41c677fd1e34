"""What it costs that runs are orchestrated: runs with nothing to do, a second learning on the same data, the pages."""

import time
from pathlib import Path

from benchmarks.data_projects import DATA_STAGES
from benchmarks.measurement import Row, Section, Target
from benchmarks.prefect_server import Server, open_server
from benchmarks.processes import measure_command, measure_in_turn
from benchmarks.tiny_project import RECIPE, open_project
from execution.open_clone import open_clone
from execution.plan import plan_run

ROUNDS = 3
LOCAL = ("python", "-m", "flows.local", RECIPE)
CALL = ("python", "-c", f"from flows.reproduce import reproduce; reproduce({RECIPE!r})")
DEPLOYMENT = f"reproduce/{RECIPE}"
REPORT = ("python", "-m", "pipeline.stages.report")
COMPARE = ("python", "-m", "flows.compare", f"{RECIPE}-arl", f"{RECIPE}-nal")
NOTHING = "`dvc repro` with nothing to do"
TEXT = (
    "The flow runs are of a tiny network; with nothing to do, every stage comes from the cache. With a server that is "
    "up, a run's time goes from its request to its end, by the server's clock; the others are whole commands, with the "
    "imports and the start and end of a server of their own."
)


def measure() -> Section:
    """Train with both learnings, and see what comes after that; a few minutes."""
    with open_project() as (project, env):

        def time_command(*command: str) -> float:
            return measure_command(command, project, env).seconds

        def time_repro() -> float:
            return time_command("dvc", "repro")

        time_command(*LOCAL)
        time_repro()
        alone = measure_in_turn(ROUNDS, lambda: time_command(*CALL), time_repro)
        local = measure_in_turn(ROUNDS, lambda: time_command(*LOCAL), time_repro)
        with open_server(project, env) as server:
            called = measure_in_turn(ROUNDS, lambda: time_call(server, project), time_repro)
            deployed = measure_in_turn(ROUNDS, lambda: server.time_deployed_run(DEPLOYMENT, project), time_repro)
        data = measure_in_turn(ROUNDS, lambda: time_data(project, share=True), lambda: time_data(project, share=False))
        report, compare = ([(time_command(*command), 0.0) for _ in range(ROUNDS)] for command in (REPORT, COMPARE))
    return Section(
        [
            Row("Flow `reproduce`, nothing to do, ephemeral server", "s", NOTHING, alone, Target("ours", "≤", 20)),
            Row("`make reproduce`, nothing to do: two runs, their tables", "s", NOTHING, local, None),
            Row("Flow `reproduce`, nothing to do, server up", "s", NOTHING, called, Target("ours", "≤", 8)),
            Row("The same through a worker", "s", NOTHING, deployed, None),
            Row("Data stages of the second learning", "s", "from nothing", data, Target("ours", "≤", 3)),
            Row("Stage `report`, one network", "s", "", report, Target("ours", "≤", 5)),
            Row("`python -m flows.compare`, one network", "s", "", compare, None),
        ],
        TEXT,
    )


def time_call(server: Server, project: Path) -> float:
    """Seconds of a flow run that is called, as by hand; Python's start and the imports come before its request."""
    measure_command(CALL, project, server.env)
    return server.time_last_run()


def time_data(project: Path, *, share: bool) -> float:
    """Seconds that the data stages take in a run with NAL, with the cache of a run with ARL or with an empty one."""
    plan = plan_run(project, RECIPE, "nal")
    with open_clone(project, plan.commit, share=share) as clone:
        clone.prepare(plan.params)
        start = time.perf_counter()
        for stage in DATA_STAGES:
            clone.run_stage(stage, lambda _: None)
        return time.perf_counter() - start
