"""The flow `reproduce` in this process and on a worker: Prefect's own server, real DVC, a recipe that takes seconds."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from copy import copy
from threading import Barrier, Event
from types import SimpleNamespace

import pytest
from dvc.lock import FAILED_TO_LOCK_MESSAGE
from httpx import ReadTimeout
from prefect import flow
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.exceptions import ParameterTypeError
from prefect.settings import PREFECT_API_URL, temporary_settings

from execution.dvc_client import DvcError
from execution.git import find_commit
from execution.guard import find_processes
from execution.places import UnreachableError
from execution.plan import plan_run
from execution.run_plan import LOCKS
from flows.cell_runs import find_or_start, make_tag, read_ended, run_cells, start_cell
from flows.deploy import FLOWS, list_deployments, main
from flows.lost_runs import HEARTBEAT, TAG
from flows.reproduce import reproduce
from flows.steps import carry_out, may_pass
from pipeline.errors import InputError
from pipeline.locks import hold_lock
from tests.flows.prefect_server import ended
from tests.tiny_repository import NETWORK, ROOT, wait_until


@pytest.fixture
def in_project(project, first_run, prefect_server, monkeypatch):
    """Run flows in this process, on the copy of the project."""
    for name, value in project.env.items():
        if not name.startswith("PREFECT_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("execution.places.PROJECT", project.folder)
    with temporary_settings({PREFECT_API_URL: prefect_server.address}):
        yield


def test_a_run_waits_for_another_of_its_experiment_and_is_shown_as_artifacts(in_project, project, caplog):
    lock = project.folder / LOCKS / f"tiny-nal-{find_commit(project.folder, 'HEAD')[:12]}"
    held = Event()
    with ThreadPoolExecutor() as pool:
        other = pool.submit(hold_until, lock, held, lambda: "waiting for another run of tiny-nal" in caplog.text)
        assert held.wait(10)
        assert reproduce("tiny", "nal") == "tiny-nal"
        other.result()
    page, table = Artifact.get("tiny-nal"), Artifact.get("tiny-nal-table")
    error = json.loads(project.run("git", "show", f"{project.find_reference('tiny-nal')}:metrics/{NETWORK}.json"))
    assert f"| {error['test_error_percent']:.2f} |" in page.data
    assert json.loads(table.data)[0]["test_error_percent"] == error["test_error_percent"]


def hold_until(path, held, condition):
    with hold_lock(path, "nobody"):
        held.set()
        wait_until(condition, 30)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"learning": "xyz"}, ParameterTypeError, r"learning: Input should be 'arl' or 'nal'"),
        ({"seed": -1}, ParameterTypeError, r"seed: Input should be greater than or equal to 0"),
        ({"networks": []}, ParameterTypeError, r"networks: List should have at least 1 item"),
        ({"networks": ["attention-57"]}, InputError, r"Received: attention-57"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_starts(in_project, monkeypatch, arguments, error, message):
    monkeypatch.setattr("flows.reproduce.run_plan", None)
    with pytest.raises(error, match=message):
        reproduce("tiny", **arguments)


def test_a_failed_stage_fails_the_flow_with_its_last_lines(in_project, project):
    with pytest.raises(DvcError, match=r"dvc repro --single-item download failed(.|\n)*sha256"):
        reproduce("tiny", overrides={"download.sha256": "0" * 64})
    assert project.find_clones() == []


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (DvcError("failed to run: python -m pipeline.stages.download, exited with 75"), True),
        (DvcError(f"ERROR: {FAILED_TO_LOCK_MESSAGE}"), True),
        (DvcError("'data/raw' is busy, it is being blocked by: read (PID 7)"), True),
        (DvcError("dvc exp push --force --no-cache origin demo-arl failed; its last lines:"), True),
        (UnreachableError("a DVC remote"), True),
        (DvcError("dvc exp save --force --name demo-arl report failed; its last lines:"), False),
        (DvcError("failed to run: python -m pipeline.stages.download, exited with 1"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(reason, expected):
    assert may_pass(None, None, SimpleNamespace(data=reason)) is expected


def test_a_step_is_tried_again_where_that_may_help_and_only_there(in_project):
    @flow(validate_parameters=False)
    def take(step):
        return carry_out.with_options(retry_delay_seconds=[0, 0])(step)

    reasons = [UnreachableError("a DVC remote"), UnreachableError("a DVC remote")]

    def fail_twice(show):
        if reasons:
            raise reasons.pop()
        return "done"

    assert take(fail_twice) == "done"
    tried = []

    def fail(show):
        tried.append(1)
        raise DvcError("failed to run: python -m pipeline.stages.train, exited with 1")

    with pytest.raises(DvcError):
        take(fail)
    assert len(tried) == 1


def test_every_recipe_and_every_study_has_its_deployments():
    deployments = list_deployments()
    received = {(item.entrypoint, item.name, *item.parameters.items()) for item in deployments}
    recipes, studies = ([path.stem for path in ROOT.glob(f"{folder}/*.yaml")] for folder in ("recipes", "studies"))
    expected = {(f"flows/{flow}.py:{flow}", name, ("recipe", name)) for flow in FLOWS for name in recipes}
    assert received == expected | {("flows/study.py:study", name, ("name", name)) for name in studies}
    assert len(deployments) == len(received)
    assert {(*item.tags, *item.job_variables["env"]) for item in deployments} == {(TAG, *HEARTBEAT["env"])}


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:9/api"])
def test_deploying_requires_a_server(address, monkeypatch):
    monkeypatch.setattr("sys.argv", ["deploy"])
    with temporary_settings({PREFECT_API_URL: address}), pytest.raises(SystemExit) as end:
        main()
    assert re.fullmatch(r"error: deployments require .*\. Received: .*", end.value.code)


def test_no_worker_that_takes_cells_takes_a_flow_which_waits_for_them():
    waiting = ("grid", "study")
    pools = [(item.flow_name, item.work_pool_name) for item in list_deployments()]
    of_cells, of_waiting = ({pool for flow, pool in pools if (flow in waiting) == chosen} for chosen in (False, True))
    assert of_cells
    assert of_waiting
    assert not of_cells & of_waiting


def test_runs_of_recipes_that_require_a_gpu_have_the_pool_gpu():
    pools = {item.name: item.work_pool_name for item in list_deployments() if item.flow_name == "reproduce"}
    texts = {name: (ROOT / f"recipes/{name}.yaml").read_text() for name in pools}
    assert pools == {name: "gpu" if "device: gpu #" in text else "local" for name, text in texts.items()}
    assert len(set(pools.values())) == 2


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_templates_of_pools_are_complete_and_a_server_takes_them(kind, project, prefect_server):
    user, file = copy(project), ROOT / f"pools/{kind}.json"
    user.env = project.env | prefect_server.env
    user.run("prefect", "work-pool", "create", "--type", kind, "--base-job-template", str(file), kind)
    template = prefect_server.ask("GET", f"work_pools/{kind}")["base_job_template"]
    variables = template["variables"]["properties"]
    assert set(re.findall(r"{{ (\w+) }}", json.dumps(template["job_configuration"]))) == variables.keys()
    assert variables["env"]["default"]["RUNS_CONTAINER"] == "1"


def test_workers_that_share_an_origin_are_told_its_variable_and_not_its_address(monkeypatch):
    monkeypatch.setenv("RUNS_ORIGIN", "https://me:pa55word@host/path")
    steps = {json.dumps(deployment.storage.to_pull_step()) for deployment in list_deployments()}
    assert steps == {json.dumps({"prefect.deployments.steps.git_clone": {"repository": "{{ $RUNS_ORIGIN }}"}})}


@pytest.fixture(scope="module")
def user(project, first_run, prefect_server):
    """Who has the project's deployments on a server."""
    user = copy(project)
    user.env = project.env | prefect_server.env
    user.run("python", "-m", "flows.deploy")
    return user


def test_a_grid_that_is_cancelled_ends_the_cells_that_it_has_started_and_no_others(
    in_project, project, user, prefect_server, monkeypatch
):
    def interrupt(_, runs):
        if len(runs) == 2:
            raise KeyboardInterrupt
        return {}

    def start_unheard(*asked):
        """As when the server makes the run, and its answer is lost, and the client asks again."""
        started = [start_cell(*asked) for _ in range(2)]
        assert started[0].id == started[1].id
        raise ReadTimeout("")

    plans = [plan_run(project.folder, "tiny", learning) for learning in ("arl", "nal")]
    with get_client(sync_client=True) as client:
        other = find_or_start(client, plans[0], "another grid")
    monkeypatch.setattr("flows.cell_runs.start_cell", start_unheard)
    monkeypatch.setattr("flows.cell_runs.read_ended", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_cells(plans, print)
    filters = [{"flow_runs": {"tags": {"all_": [make_tag(plan)]}}} for plan in plans]
    runs = [prefect_server.ask("POST", "flow_runs/filter", given) for given in filters]
    assert [[run["state_type"] for run in of_plan] for of_plan in runs] == [["SCHEDULED"], ["CANCELLED"]]
    prefect_server.cancel(other.id)
    assert prefect_server.find_outcome(other.id) == "CANCELLED"


def test_a_cell_that_another_grid_cancels_runs_again_and_one_whose_run_is_deleted_has_ended(
    in_project, project, user, prefect_server, monkeypatch
):
    def start_and_delete(*asked):
        run = start_cell(*asked)
        with get_client(sync_client=True) as client:
            client.delete_flow_run(run.id)
        return run

    def cancel_and_read(client, runs):
        prefect_server.cancel(other.id)
        return read_ended(client, runs)

    plan = plan_run(project.folder, "tiny", "arl", seed=5)
    with get_client(sync_client=True) as client:
        other = find_or_start(client, plan, "another grid")
    monkeypatch.setattr("flows.cell_runs.start_cell", start_and_delete)
    monkeypatch.setattr("flows.cell_runs.read_ended", cancel_and_read)
    said = []
    assert run_cells([plan], said.append) == {plan.experiment: "Deleted"}
    assert said == [f"{plan.experiment}: cancelled, runs again", f"{plan.experiment}: Deleted; 0 cells are left"]


def test_grids_that_ask_for_a_cell_at_the_same_moment_share_its_run(in_project, project, user, monkeypatch):
    together = Barrier(2)

    def start_together(*asked):
        together.wait(60)
        return start_cell(*asked)

    def ask(own):
        with get_client(sync_client=True) as client:
            return find_or_start(client, plan, own)

    plan = plan_run(project.folder, "tiny", "arl", seed=6)
    monkeypatch.setattr("flows.cell_runs.start_cell", start_together)
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(copy_context().run, ask, own) for own in ("one", "two")]
        runs = [future.result() for future in asked]
    assert runs[0].id == runs[1].id
    assert len({"one", "two"} & set(runs[0].tags)) == 1
    assert runs[0].tags == runs[1].tags
    with get_client(sync_client=True) as client:
        client.delete_flow_run(runs[0].id)  # no worker of another test is to take it


@pytest.fixture
def deployed(user):
    """The same with a worker."""
    with ended(user.start("prefect", "worker", "start", "--pool", "local")):
        yield user


def find_run(output):
    return next(line.split()[-1] for line in output.splitlines() if "UUID" in line)


def test_a_deployment_runs_on_a_worker_and_can_be_cancelled(project, prefect_server, deployed):
    project.run("git", "update-ref", "-d", project.find_reference("tiny-nal"))
    output = deployed.run("prefect", "deployment", "run", "reproduce/tiny", "-p", "learning=nal", "--watch")
    assert prefect_server.ask("GET", f"flow_runs/{find_run(output)}")["name"] == "tiny-nal"
    changes = json.loads(project.run("dvc", "metrics", "diff", "tiny-arl", "tiny-nal", "--all", "--json"))
    assert set(changes) == {f"metrics/{NETWORK}.json"}

    output = deployed.run("prefect", "deployment", "run", "reproduce/tiny", "-p", "seed=9")
    run = find_run(output)
    wait_until(project.is_training, 60)
    (clone,) = project.find_clones()
    deployed.run("prefect", "flow-run", "cancel", run)
    wait_until(lambda: not find_processes(str(clone)) and not clone.exists(), 35)
    wait_until(lambda: prefect_server.find_outcome(run) == "CANCELLED", 35)
