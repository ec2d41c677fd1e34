"""Run DVC commands in one process: each line of standard input is one, as a JSON list of arguments.

DVC's own start costs more than most of its commands: seven commands in one process take as long as one in a process
of its own. What a command prints, and what its stages print, comes as it is; a line of NUL and its exit status ends it.

`execution.processes` starts this file by its path, in a clone, where the package `execution` would be the clone's own.
"""

import json
import sys

from dvc.cli import main


def serve() -> None:
    """Run commands until standard input ends."""
    for line in sys.stdin:
        status = main(json.loads(line))
        sys.stderr.flush()
        print(f"\0{status}", flush=True)


if __name__ == "__main__":
    serve()
