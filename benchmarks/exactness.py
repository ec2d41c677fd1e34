"""What exactness and checkpoints cost: the demo's training and evaluation with and without them.

"Without" is what a user would run who does not ask for the same bytes: TensorFlow chooses its fastest operations,
models are saved as Keras saves them, and nothing is kept to go on from.
"""

import runpy
import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from benchmarks.data_projects import DATA_STAGES
from benchmarks.measurement import Row, Section, Target
from benchmarks.processes import ROOT, Usage, add_up, choose, measure_command, measure_in_turn

NETWORK = "attention-56"
ROUNDS = 3


def measure() -> Section:
    """Both in turn. The CPU's seconds say more where other work shares the machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("pyproject.toml", "params.yaml"):
            shutil.copyfile(ROOT / file, folder / file)
        for stage in DATA_STAGES:
            measure_command([sys.executable, "-m", f"pipeline.stages.{stage}"], folder)
        pairs = measure_in_turn(ROUNDS, lambda: run(folder, "with"), lambda: run(folder, "without"))
    title, against = f"training and evaluation of the demo's {NETWORK}, exact, with checkpoints", "neither"
    clock, cpu = choose("seconds", pairs), choose("cpu_seconds", pairs)
    rows = [Row(title, "s", against, clock, Target("ratio", "≤", 1.1)), Row(f"{title}: CPU", "s", against, cpu, None)]
    return Section(rows, "")


def run(folder: Path, kind: str) -> Usage:
    """Train and evaluate, one process for each."""
    commands = [[sys.executable, "-m", "benchmarks.exactness", kind, stage] for stage in ("train", "evaluate")]
    return add_up([measure_command(command, folder) for command in commands])


def run_stage(kind: str, stage: str) -> None:
    """Run one stage in this process, as it is or without what is measured."""
    sys.argv = [stage, NETWORK]
    if kind == "without":
        import tensorflow as tf

        from pipeline.training.checkpoints import CheckpointFolder

        patch.object(tf.config.experimental, "enable_op_determinism", lambda: None).start()
        patch.object(CheckpointFolder, "save", lambda *_: None).start()
        patch("pipeline.compute.backend.force_portable_kernels", lambda: None).start()
        patch("pipeline.model.saving.save_model", lambda model, path: model.save(path)).start()
    runpy.run_module(f"pipeline.stages.{stage}", run_name="__main__")


if __name__ == "__main__":
    run_stage(*sys.argv[1:])
