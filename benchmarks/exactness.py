"""What exactness and checkpoints cost: the demo's training and evaluation with and without them, in one run.

    python -m benchmarks.exactness [PAIRS]

"Without" is what a user would run who does not ask for the same bytes: TensorFlow chooses its fastest operations,
models are saved as Keras saves them, and nothing is kept to go on from.
"""

import os
import runpy
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
NETWORKS = ("attention-56", "attention-92")
DATA_STAGES = ("download", "preprocess", "tfrecords")


def main(pairs: int) -> None:
    """Alternate the two, and print seconds, of the clock and of the CPU, and their ratios.

    The CPU's say more where other work shares the machine.
    """
    seconds: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pyproject.toml", "params.yaml"):
            shutil.copyfile(ROOT / name, Path(folder, name))
        for stage in DATA_STAGES:
            run(folder, sys.executable, "-m", f"pipeline.stages.{stage}")
        for pair in range(pairs):
            # Each goes first in turn.
            for kind in ("with", "without") if pair % 2 == 0 else ("without", "with"):
                start = read_clocks()
                for network in NETWORKS:
                    for stage in ("train", "evaluate"):
                        run(folder, sys.executable, "-m", "benchmarks.exactness", kind, stage, network)
                clock, cpu = (after - before for after, before in zip(read_clocks(), start, strict=True))
                seconds[kind].append((clock, cpu))
                print(f"{kind} exactness and checkpoints: {clock:.1f} s, CPU {cpu:.1f} s", flush=True)
    for number, name in enumerate(("clock", "CPU")):
        ours, others = ([pair[number] for pair in seconds[kind]] for kind in ("with", "without"))
        ratios = [first / second for first, second in zip(ours, others, strict=True)]
        medians = statistics.median(ours), statistics.median(others)
        print(
            f"{name}, medians of {pairs}: {medians[0]:.1f} s with, {medians[1]:.1f} s without; "
            f"ratio {statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f})"
        )


def read_clocks() -> tuple[float, float]:
    """Seconds of the clock, and of the CPU in children that have ended."""
    used = os.times()
    return time.perf_counter(), used.children_user + used.children_system


def run(folder: str, *command: str) -> None:
    """Run a command in a folder, with this project's packages."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_stage(kind: str, stage: str, network: str) -> None:
    """Run one stage in this process, as it is or without what is measured."""
    sys.argv = [stage, network]
    if kind == "without":
        import tensorflow as tf

        from pipeline.training.checkpoints import CheckpointFolder

        patch.object(tf.config.experimental, "enable_op_determinism", lambda: None).start()
        patch.object(CheckpointFolder, "save", lambda *_: None).start()
        patch("pipeline.model.saving.save_model", lambda model, path: model.save(path)).start()
    runpy.run_module(f"pipeline.stages.{stage}", run_name="__main__")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run_stage(*sys.argv[1:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
