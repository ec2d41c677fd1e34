"""Machines that share an origin and a DVC remote, and runs on them."""

import pytest

from execution.origin import bring_commit
from execution.places import Places
from execution.plan import Plan
from execution.run_plan import run_plan

COMMAND = "echo run >> {told}; echo hello > first.txt"


@pytest.fixture
def machines(small_repository, tmp_path):
    """The places of two machines with the same origin and the same remote."""
    small_repository.run("git", "clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    addresses = f"file://{tmp_path}/origin.git", str(tmp_path / "remote")
    return [Places(tmp_path / name, *addresses) for name in ("one", "two")]


@pytest.fixture
def run(head, parameters, tmp_path):
    """Run on a machine, and give the stages that ran."""

    def run_on(places, watch=lambda stage: None, attempt=lambda step, show: step(show), **changes):
        bring_commit(places, head)
        command = COMMAND.format(told=tmp_path / "told")
        plan = Plan("demo", head, {"learning": "arl"}, "mine", parameters(**{"command": command} | changes))
        printed = []

        def run_step(name, step):
            watch(name)
            return attempt(step, printed.append)

        run_plan(places, plan, run_step, printed.append)
        return [line.split("'")[1] for line in printed if line.startswith("Running stage")]

    return run_on
