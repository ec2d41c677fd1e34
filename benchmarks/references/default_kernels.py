"""A contender: the project's own training steps with the kernels that TensorFlow chooses by the CPU."""

import sys

from benchmarks.our_training import prepare_rounds
from benchmarks.processes import answer
from pipeline.compute import backend

if __name__ == "__main__":
    backend.force_portable_kernels = lambda: None
    answer(prepare_rounds(*sys.argv[1:]))  # type: ignore[arg-type]
