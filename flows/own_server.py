"""A Prefect server of a command's own, which ends with it."""

import atexit
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from execution.guard import MARK
from execution.held_folders import make_held_folder
from execution.places import PROJECT, VARIABLES
from execution.processes import start_guard
from pipeline.errors import InputError
from pipeline.locks import hold_lock

HOME = PROJECT / ".prefect"
STARTUP = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"


def stay_here() -> None:
    """Hide from Prefect and from flows what the user's environment says of other servers and other places.

    To be called before Prefect is imported.
    """
    isolate_prefect(HOME)
    for name in VARIABLES:
        os.environ.pop(name, None)


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
        STARTUP: "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def serve_alone() -> Iterator[None]:
    """A server for the flows of the block, when no other process has one here: two would share a database.

    To be called once: the server lives, and others wait, until this process exits, as Prefect sends logs until then.
    """
    lock = ExitStack()
    lock.enter_context(hold_lock(HOME / "lock", f"another run that uses {HOME}"))
    atexit.register(lock.close)  # the first that is registered is the last that is done
    # Prefect ends its server when this process exits; the guard does when it cannot, as after SIGKILL, and removes
    # temporary files. The mark is of this run alone: after SIGKILL the next may start before its server ends.
    folder, held = make_held_folder(HOME / "runs", "run-")
    atexit.register(start_guard(folder, held).stdin.close)
    os.environ |= {MARK: str(folder), "TMPDIR": str(folder)}
    tempfile.tempdir = None  # what it found before
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, temporary_settings

    # A terminal's Ctrl-C goes to all its processes: the server must outlive it to hear how the run ended. It
    # inherits the block.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server = SubprocessASGIServer()
    try:
        server.start()
    except RuntimeError as error:
        seconds = os.environ[STARTUP]
        raise InputError(f"a flow requires a Prefect server that starts in {seconds} s. Received: {error}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Said here, it goes before what a .env or a prefect.toml in this folder says.
    with temporary_settings({PREFECT_API_URL: server.api_url}):
        yield
