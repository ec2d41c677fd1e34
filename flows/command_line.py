"""How the commands end."""

import sys
from collections.abc import Callable

from flows.plain_errors import PLAIN_ERRORS


def run_command(command: Callable[[], object], stopped: str = "stopped") -> None:
    """Run what a command does; what its user can mend, and Ctrl-C, end it with a status and one line.

    Args:
        command: what it does.
        stopped: the line after Ctrl-C.
    """
    try:
        command()
    except PLAIN_ERRORS as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: the command requires files it can read and write. Received: {error}")
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        sys.exit(130)
