"""How the commands end."""

import sys
from collections.abc import Callable

from flows.plain_errors import PLAIN_ERRORS


def run_command(command: Callable[[], object]) -> None:
    """Run what a command does; what its user can mend, and Ctrl-C, end it with a status and one line."""
    try:
        command()
    except PLAIN_ERRORS as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: the command requires files it can read and write. Received: {error}")
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
