"""What the stages' commands share: their argument, and how they end."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import InputError, PassingError
from pipeline.locks import hold_lock
from pipeline.settings.params import Params, load_params

LOCKS = Path(".locks")


def run(stage: Callable[[Params], None]) -> None:
    """Run a stage with params.yaml's parameters; it ends as `run_to_end` says."""
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
    """Do a stage's work; a mistake of the user, a disk that refuses, or a lack of memory ends it with one line.

    The status is 1; what may pass has status 75, EX_TEMPFAIL of sysexits.h. A stage waits for another process of the
    same label, which writes the same outputs: DVC, where it is killed, leaves its stage running.
    """
    try:
        with hold_lock(LOCKS / label, f"another process that runs {label}"):
            work()
    except PassingError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(os.EX_TEMPFAIL)
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: the stage requires files it can read and write. Received: {error}")
    except KeyboardInterrupt:
        print("stopped; a training goes on from its last checkpoint when it is run again", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        reason = str(error).partition("\n")[0] or type(error).__name__
        # TensorFlow says of a full disk, too, that a resource is exhausted.
        what = "room on the disk" if os.strerror(errno.ENOSPC) in reason else "memory; smaller batches take less"
        sys.exit(f"error: the stage requires more {what}. Received: {reason}")


def is_out_of_memory(error: Exception) -> bool:
    """Whether Python, TensorFlow or JAX say so, by name: this module is for stages that import neither."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or "RESOURCE_EXHAUSTED" in str(error)
    )
