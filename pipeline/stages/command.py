"""What the stages' commands share: their argument, and how they end."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.errors import InputError, ended_plainly
from pipeline.locks import hold_lock
from pipeline.settings.params import Params, load_params

LOCKS = Path(".locks")


def run(stage: Callable[[Params], None]) -> None:
    """Run a stage, which takes no argument, with params.yaml's parameters; it ends as `run_to_end` says."""
    argparse.ArgumentParser(description=stage.__doc__).parse_args()
    run_to_end(lambda: stage(load_params()), stage.__name__)


def run_for_network(stage: Callable[[str, Params], None]) -> None:
    """Run a stage for the network that its command line names; it ends as `run_to_end` says."""
    parser = argparse.ArgumentParser(description=stage.__doc__)
    parser.add_argument("network", help="one of params.yaml's networks, such as attention-56")
    name = parser.parse_args().network

    def work() -> None:
        params = load_params()
        if name not in params.networks:
            listed = ", ".join(params.networks)
            raise InputError(f"the network requires one of params.yaml's: {listed}. Received: {name}")
        stage(name, params)

    run_to_end(work, f"{stage.__name__}-{name}".replace("/", "-"))


def run_to_end(work: Callable[[], None], label: str) -> None:
    """Do a stage's work; it ends as `ended_plainly` says.

    It waits for another process of the same label, which writes the same outputs: DVC, where it is killed, leaves its
    stage running.
    """
    with ended_plainly("stopped; a training goes on from its last checkpoint when it is run again"), hold_stage(label):
        work()


def hold_stage(label: str) -> AbstractContextManager[None]:
    """Hold the lock of what writes a stage's outputs; wait while another process holds it."""
    return hold_lock(LOCKS / label, f"another process that runs {label}")
