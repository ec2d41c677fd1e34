"""A save of a checkpoint, in a process that loads nothing else: `python -m tests.training.saved_checkpoint FOLDER`."""

import sys
from pathlib import Path

import numpy as np

from pipeline.training.checkpoints import Checkpoint, CheckpointFolder

DIGEST = "digest-of-the-run"


def make_checkpoint(step):
    return Checkpoint(step, {"network/a": np.full((64, 1024), step, np.float32)}, {"history": [{"epoch": step}]})


if __name__ == "__main__":
    CheckpointFolder(Path(sys.argv[1]), DIGEST).save(make_checkpoint(3))
