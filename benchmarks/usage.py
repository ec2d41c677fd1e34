"""Run a command; print what it printed and, as the last line, what it took: `python -m benchmarks.usage COMMAND …`.

Linux counts to a process' peak what the one that started it had had: a small one has to stand between.
"""

import json
import resource
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    """Print [seconds, seconds of the CPU, gigabytes of the largest process' peak of resident memory]."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.buffer.write(done.stdout + b"\n")
    sys.stdout.flush()
    print(json.dumps([seconds, used.ru_utime + used.ru_stime, to_gigabytes(used.ru_maxrss)]))
    sys.exit(done.returncode != 0)


def to_gigabytes(peak: int) -> float:
    """A peak of resident memory as the system counts it: in bytes on macOS, in kibibytes on Linux."""
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


if __name__ == "__main__":
    main(sys.argv[1:])
