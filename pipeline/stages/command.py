"""What the stages' commands share: their argument, and how they end."""

import argparse
import os
import sys
from collections.abc import Callable

from pipeline.errors import InputError, PassingError
from pipeline.params import load_params


def run(stage: Callable[[], None]) -> None:
    """Run a stage; a user's mistake, or a file system that refuses, ends it with status 1 and one line.

    What may pass ends it with status 75, EX_TEMPFAIL of sysexits.h.
    """
    try:
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


def run_for_network(stage: Callable[[str], None]) -> None:
    """Run a stage for the network that its command line names; it ends as with `run`."""
    parser = argparse.ArgumentParser(description=stage.__doc__)
    parser.add_argument("network", help="one of params.yaml's networks, such as attention-56")
    name = parser.parse_args().network

    def run_checked() -> None:
        networks = load_params().networks
        if name not in networks:
            raise InputError(f"the network requires one of params.yaml's: {', '.join(networks)}. Received: {name}")
        stage(name)

    run(run_checked)
