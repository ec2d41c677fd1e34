"""What a user may give that cannot be used: what to spoil, which command meets it, and what it must say.

Each case spoils a copy of a workspace in which the tiny recipe has run on a data set of its own. `says` is the line's
pattern behind "error: ".
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from pipeline.cifar.layouts import FILE_LAYOUTS
from tests.tiny_repository import NETWORK, load_yaml

PARAMS, RAW, PREPARED = Path("params.yaml"), Path("data/raw/custom"), Path("data/prepared")
SHARD = Path("data/tfrecords/train-00000-of-00001.tfrecord")
MODEL = Path("models", NETWORK, "model.keras")
ARCHIVE = Path("pictures.tar.gz")


class BadInput(NamedTuple):
    """A case; `spoil` works in the current folder; `{address}` in parameters becomes a server's that misbehaves."""

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


def without(dotted):
    def spoil():
        content = load_yaml(PARAMS.read_text())
        del content[dotted]
        PARAMS.write_text(json.dumps(content))

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


def served(path):
    """Take the data set from the server that misbehaves."""
    return param("download.url", f"{{address}}/{path}/pictures.tar.gz")


def save_other_arrays():
    with zipfile.ZipFile(MODEL, "w") as file:
        with h5py.File("other.h5", "w") as weights:
            weights["a"] = [1.0]
        file.write("other.h5", "model.weights.h5")
    Path("other.h5").unlink()


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
    download("unknown section", param("extra", 1), r"params\.yaml: extra: .*"),
    download("missing section", without("evaluate"), r"params\.yaml: evaluate: Field required\. Received: nothing"),
    download("word for a number", param("train.epochs", "three"), r".* train\.epochs: .* integer\. Received: 'three'"),
    download("number for a switch", param("augment.horizontal_flip", 1), r".* boolean\. Received: 1"),
    download("out of range", param("train.momentum", 1.5), r".* train\.momentum: .* less than 1\. Received: 1\.5"),
    download("negative seed", param("train.seed", -1), r".* train\.seed: .* greater than or equal to 0\. Received: -1"),
    download("infinite", replace(PARAMS, b'"width": 0.0625', b'"width": .inf'), r".* finite number\. Received: inf"),
    download(
        "not a number", replace(PARAMS, b'"width": 0.0625', b'"width": .nan'), r".* finite number\. Received: nan"
    ),
    download("no such depth", param("networks", ["attention-57"]), ".* Received: attention-57"),
    download("no such network", param("networks", ["resnet-18"]), ".* Received: resnet-18"),
    download(
        "network of the other layout", param("networks", ["attention-128"]), ".*the seed layout has .* attention-128"
    ),
    download("network twice", param("networks", [NETWORK, NETWORK]), ".* each network once.*"),
    download("no networks", param("networks", []), r".* networks: .* at least 1 .*Received: \[\]"),
    download("no such data set", param("download.dataset", "imagenet"), ".* 'imagenet'.*"),
    download("no such backend", param("compute.backend", "torch"), ".* 'tensorflow' or 'jax'. Received: 'torch'"),
    download("long warm-up", param("train.learning_rate.warmup_epochs", 9.0), ".* before epoch 3. Received: 9"),
    download("no parameters", gone(PARAMS), r"params\.yaml requires a readable file .*No such file.*"),
    download("no YAML", text(PARAMS, "train: [1, 2"), r"params\.yaml requires valid YAML\..*"),
    download(
        "a key twice", replace(PARAMS, b'"networks"', b'"model": {}, "networks"'), ".* valid YAML.* duplicate key .*"
    ),
    download("no text", content(PARAMS, lambda _: b"\x80\xff\x00"), r"params\.yaml requires .*"),
    download("a bomb of aliases", text(PARAMS, "a: &a [1]\nb: *a\n"), r".* Received: the alias \*a, .* written out"),
    download("address of another kind", param("download.url", "ftp://a/b.tar.gz"), r".* download\.url: .*"),
    download("malformed digest", param("download.sha256", "abc"), r".* download\.sha256: .* Received: 'abc'"),
    # sources
    download("no such file", gone(ARCHIVE), "the data set requires the file .* Received: no such file"),
    download("wrong digest", param("download.sha256", "0" * 64), "custom requires an archive with sha256 0{64}.*"),
    download("a web page", text(ARCHIVE, "<html>"), "custom requires an archive with sha256 .*"),
    download("cut short", content(ARCHIVE, lambda old: old[:-50]), "custom requires an archive with sha256 .*"),
    download("HTTP 404", served("404"), r".* requires HTTP status 200\. Received: 404 .*"),
    download("HTTP 503", served("503"), r".* requires a complete transfer .* Received: HTTP status 503"),
    download("no answer", served("silence"), ".* requires a complete transfer .* timed out.*"),
    download("no server", param("download.url", "http://127.0.0.1:9/a.tar.gz"), ".* a complete transfer .* refused.*"),
    download("redirect loop", served("loop"), ".* Received: .*redirects.*"),
    download("redirect to another kind", served("ftp"), ".* Received: .*ftp.*"),
    download("shorter than announced", served("short"), ".* requires a complete transfer .*"),
    download("a web page from a server", served("page"), "custom requires an archive with sha256 .*"),
    download("its place is taken", take_the_place_of_data, "the stage requires files it can read and write.*"),
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
    train("missing shard", gone(SHARD), f".* the train shards .* Received: without {SHARD.name}"),
    train("extra shard", text(SHARD.with_name("train-2.tfrecord"), ""), r".* Received: with train-2\.tfrecord"),
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
    evaluate("model of another width", param("model.width", 0.125), ".* requires the array .* Received: float32 .*"),
    evaluate("model with other arrays", save_other_arrays, ".* requires the array .*"),
    report("damaged history", text(f"history/{NETWORK}.csv", ""), ".* requires a file with a table.*"),
    report("missing metrics", gone(f"metrics/{NETWORK}.json"), ".* requires a file of JSON.*"),
    report(
        "results on other data", replace(f"details/{NETWORK}.json", b'sha256": "', b'sha256": "0'), ".* results on .*"
    ),
]
