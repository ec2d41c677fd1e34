"""Run the flow `tables` here, on a Prefect server of its own that ends with it: `python -m flows.local demo`."""

import argparse
import atexit
import os
import signal
import tempfile
from pathlib import Path

from execution.dvc_client import start_guard
from execution.git import PROJECT
from execution.guard import MARK
from execution.held_folders import make_held_folder
from execution.places import VARIABLES
from execution.plan import plan_run
from experiments.agreement import describe_agreement
from experiments.experiment import load_run
from flows.command_line import run_command
from pipeline.locks import hold_lock

HOME = PROJECT / ".prefect"


def isolate_prefect(home: Path) -> None:
    """Give Prefect a home of its own, and hide from it what the user's environment and profile say.

    To be called before Prefect is imported. Nothing is written to the user's profile, and no server that it names,
    Prefect Cloud included, hears of the run.
    """
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    home.mkdir(exist_ok=True)
    os.environ |= {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
    }


def run_tables(recipe: str, commit: str, *, verbose: bool) -> None:
    """Run the flow and print its page."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.tables import tables
    from flows.terminal import show_page, show_stages

    # A terminal's Ctrl-C goes to all its processes: the server must outlive it to hear how the run ended. It inherits
    # the block.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server = SubprocessASGIServer()
    server.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Said here, it goes before what a .env or a prefect.toml in this folder says.
    with temporary_settings({PREFECT_API_URL: server.api_url}), show_stages(verbose=verbose):
        arl, nal, path = tables(recipe, commit=commit)
    show_page(Path(path).read_text(), verbose=verbose)
    print(f"This page, with pictures: {Path(path).relative_to(PROJECT)}")
    print(f"Its errors, from DVC:     dvc metrics diff {arl} {nal}")
    for name in (arl, nal):
        print(describe_agreement(PROJECT, load_run(PROJECT, name, commit)))


def run_alone(recipe: str, *, verbose: bool) -> None:
    """Run the flow when no other process does here: two servers would share a database."""
    isolate_prefect(HOME)
    for name in VARIABLES:  # here means all of it
        os.environ.pop(name, None)
    commit = plan_run(PROJECT, recipe, "arl").commit
    with hold_lock(HOME / "lock", f"another run that uses {HOME}"):
        # Prefect ends its server when this process exits; the guard does when it cannot, as after SIGKILL, and removes
        # temporary files. The mark is of this run alone: the next one may start its server before this one's has ended.
        folder, held = make_held_folder(HOME / "runs", "run-")
        atexit.register(start_guard(folder, "--remove", pass_fds=[held]).stdin.close)
        os.environ |= {MARK: str(folder), "TMPDIR": str(folder)}
        tempfile.tempdir = None  # what it found before
        run_tables(recipe, commit, verbose=verbose)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", nargs="?", default="demo", help="a file of recipes/, without its ending")
    parser.add_argument("-v", "--verbose", action="store_true", help="in a terminal, too, every line that is printed")
    given = parser.parse_args()
    run_command(
        lambda: run_alone(given.recipe, verbose=given.verbose),
        "stopped; the same command goes on from the last checkpoint",
    )


if __name__ == "__main__":
    main()
