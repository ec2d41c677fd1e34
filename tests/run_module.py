"""A command of the tests, in a process of its own."""

import os
import subprocess
import sys

from pipeline.compute.kernels import PORTABLE
from tests.tiny_repository import ROOT


def run_module(module, *arguments, cpu=None, launcher=(), **variables):
    """What a module prints, on this machine's CPU or on an emulated one; it finds no choice of kernels."""
    emulator = ["qemu-x86_64", "-cpu", cpu] if cpu else []
    command = [*launcher, *emulator, sys.executable, "-m", f"tests.{module}", *map(str, arguments)]
    env = {name: value for name, value in os.environ.items() if name not in PORTABLE} | variables
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
