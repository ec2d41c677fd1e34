"""Where the stages find each other's outputs, relative to the project's folder."""

from pathlib import Path

PROJECT_FILE = Path("pyproject.toml")
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
MEAN = PREPARED / "mean.npy"
TFRECORDS = Path("data/tfrecords")
