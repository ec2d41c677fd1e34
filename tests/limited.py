"""Run a module in a process of its own with limits on memory, on the size of files and on time.

    python -m tests.limited pytest tests/properties

The limits hold from before anything is imported.
"""

import os
import resource
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITS = {resource.RLIMIT_AS: 3 << 29, resource.RLIMIT_FSIZE: 1 << 30, resource.RLIMIT_CPU: 120}
TIMEOUT_SECONDS = 150


def run_limited(*arguments, cwd=ROOT, **environment):
    """Run a module with its arguments and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.limited", *map(str, arguments)],
        cwd=cwd,
        # Each further thread of NumPy's would take tens of megabytes of addresses.
        env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


if __name__ == "__main__":
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
