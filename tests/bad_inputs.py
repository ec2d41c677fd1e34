"""What a user may give that cannot be used: what to spoil, which command meets it, and what it must say.

Each case spoils a copy of a workspace in which the tiny recipe has run on a data set of its own. `says` is the line's
pattern behind "error: ".
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.cifar.layouts import FILE_LAYOUTS
from tests.tiny_repository import NETWORK, load_yaml

PARAMS, RAW, PREPARED = Path("params.yaml"), Path("data/raw/custom"), Path("data/prepared")
SHARD = Path("data/tfrecords/train-00000-of-00001.tfrecord")
MODEL = Path("models", NETWORK, "model.keras")
ARCHIVE = Path("pictures.tar.gz")


class BadInput(NamedTuple):
    """A case; `spoil` works in the current folder."""

    stage: str
    name: str
    spoil: Callable[[], object]
    says: str


def param(dotted, value):
    """Set a parameter, which need not exist."""

    def spoil():
        content = load_yaml(PARAMS.read_text())
        *sections, key = dotted.split(".")
        section = content
        for name in sections:
            section = section[name]
        section[key] = value
        PARAMS.write_text(json.dumps(content))  # JSON is YAML, with its numbers as Python writes them

    return spoil


def text(path, content):
    return lambda: Path(path).write_text(content)


def content(path, change):
    """Change a file's bytes."""

    def spoil():
        path.chmod(0o644)
        path.write_bytes(change(path.read_bytes()))

    return spoil


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def gone(path):
    return lambda: Path(path).unlink()


def take_the_place_of_data():
    Path("data").rename("taken")
    Path("data").touch()


def logs_are_a_file():
    shutil.rmtree("logs")
    Path("logs").touch()


def relabel(label):
    """Give the training images of the first class another label, in the manifest too."""

    def spoil():
        manifest = json.loads((RAW / "manifest.json").read_text())
        for name in FILE_LAYOUTS["cifar10"].train_files:
            rows = np.frombuffer((RAW / name).read_bytes(), np.uint8).reshape(-1, 3073).copy()
            rows[rows[:, 0] == 0, 0] = label
            (RAW / name).write_bytes(rows)
            manifest["files"][name]["sha256"] = hashlib.sha256(rows).hexdigest()
        (RAW / "manifest.json").write_text(json.dumps(manifest))

    return spoil


def replace(path, old, new):
    return content(Path(path), lambda before: before.replace(old, new))


download, preprocess, tfrecords, train, evaluate, report = (
    partial(BadInput, stage) for stage in ("download", "preprocess", "tfrecords", "train", "evaluate", "report")
)
BAD_INPUTS = [
    # parameters
    download("unknown parameter", param("train.rate", 0.1), r"params\.yaml: train\.rate: .*"),
    download("out of range", param("train.momentum", 1.5), r".* train\.momentum: .* less than 1\. Received: 1\.5"),
    download("long warm-up", param("train.learning_rate.warmup_epochs", 9.0), ".* before epoch 3. Received: 9"),
    download("no parameters", gone(PARAMS), r"params\.yaml requires a readable file .*No such file.*"),
    download("a bomb of aliases", text(PARAMS, "a: &a [1]\nb: *a\n"), r".* Received: the alias \*a, .* written out"),
    # sources
    download("no such file", gone(ARCHIVE), "the data set requires the file .* Received: no such file"),
    download("wrong digest", param("download.sha256", "0" * 64), "custom requires an archive with sha256 0{64}.*"),
    download("no server", param("download.url", "http://127.0.0.1:9/a.tar.gz"), ".* a complete transfer .* refused.*"),
    download("its place is taken", take_the_place_of_data, "the command requires files it can read and write.*"),
    # data
    preprocess(
        "flipped byte in a raw file", content(RAW / "test_batch.bin", flip), ".*test_batch.bin requires sha256 .*"
    ),
    preprocess("missing raw file", gone(RAW / "test_batch.bin"), ".* requires files .*test_batch.bin'"),
    preprocess(
        "manifest of something else", text(RAW / "manifest.json", "{}"), ".* an object with the keys dataset, .*"
    ),
    preprocess("damaged manifest", text(RAW / "manifest.json", "{"), r".*manifest\.json requires a file of JSON.*"),
    preprocess("label out of range", relabel(10), "data_batch_1.bin requires labels from 0 to 9. Received: 10 .*"),
    preprocess("empty class", relabel(1), ".* training images of every class. Received: none of class_0"),
    preprocess("too much validation", param("preprocess.validation_images", 100), ".* fewer images of each class .*"),
    tfrecords(
        "array cut short", content(PREPARED / "train-images.npy", lambda old: old[:-9]), ".* file with an array.*"
    ),
    tfrecords(
        "missing statistics", gone(PREPARED / "statistics.json"), r".*statistics\.json requires a file of JSON.*"
    ),
    train("flipped byte in a shard", content(SHARD, flip), f"{SHARD} requires sha256 .* Received: .*"),
    # training, evaluation, report
    train("no GPU", param("compute.device", "gpu"), "compute.device: gpu requires a GPU .* Received: none .*"),
    train(
        "too large a batch", param("train.batch_size", 99), "train.batch_size requires at most the 80 .* Received: 99"
    ),
    train("other libraries", replace("pyproject.toml", b'keras = "', b'keras = "9'), ".* keras 93.* Received: 3.*"),
    train("a network that is not listed", param("networks", ["attention-56"]), f".* Received: {NETWORK}"),
    train("the checkpoints' place is taken", text("checkpoints", ""), ".* requires files it can read and write.*"),
    train("the logs' place is taken", logs_are_a_file, ".* requires files it can read and write.*"),
    evaluate("missing mean", gone(PREPARED / "mean.npy"), r".*mean\.npy requires a file with an array.*"),
    evaluate("no model", gone(MODEL), ".* requires a saved model. Received: .*No such file.*"),
    evaluate("torn model", content(MODEL, lambda old: old[:-100]), ".* requires a saved model. Received: .*"),
    report("damaged history", text(f"history/{NETWORK}.csv", ""), ".* requires a file with a table.*"),
    report("missing metrics", gone(f"metrics/{NETWORK}.json"), ".* requires a file of JSON.*"),
    report(
        "results on other data", replace(f"details/{NETWORK}.json", b'sha256": "', b'sha256": "0'), ".* results on .*"
    ),
]
