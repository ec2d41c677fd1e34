"""What the stages' commands share: their argument, and how they end."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from pipeline.errors import InputError, PassingError
from pipeline.locks import hold_lock
from pipeline.settings.params import load_params

LOCKS = Path(".locks")


def run(stage: Callable[[], None], name: str = "") -> None:
    """Run a stage; a mistake of the user, a disk that refuses, or a lack of memory ends it with status 1 and one line.

    What may pass ends it with status 75, EX_TEMPFAIL of sysexits.h. A stage waits for another process that writes the
    same outputs: DVC, where it is killed, leaves its stage running.

    Args:
        stage: the work.
        name: of the network, for a stage that runs once for each.
    """
    label = f"{stage.__name__}-{name}".strip("-").replace("/", "-")
    try:
        with hold_lock(LOCKS / label, f"another process that runs {label}"):
            stage()
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


def run_for_network(stage: Callable[[str], None]) -> None:
    """Run a stage for the network that its command line names; it ends as with `run`."""
    parser = argparse.ArgumentParser(description=stage.__doc__)
    parser.add_argument("network", help="one of params.yaml's networks, such as attention-56")
    name = parser.parse_args().network

    @wraps(stage)
    def run_checked() -> None:
        networks = load_params().networks
        if name not in networks:
            raise InputError(f"the network requires one of params.yaml's: {', '.join(networks)}. Received: {name}")
        stage(name)

    run(run_checked, name)
