"""Made-up runs, in memory and as files, in which networks get some of ten test images wrong."""

import hashlib
import json

import pandas as pd
from ruamel.yaml import YAML

from experiments.recorded_run import Result, Run
from pipeline.settings.params import check_params
from tests.tiny_repository import ROOT

NETWORKS = ("attention-56", "attention-92")
RECIPE = (ROOT / "recipes/cifar10-cpu.yaml").read_text().replace("[attention-56]", f"[{', '.join(NETWORKS)}]")


def change_recipe(learning="arl", seed=0):
    """The recipe's text, with another learning and training seed."""
    return RECIPE.replace("learning: arl", f"learning: {learning}").replace(
        "  seed: 0\n  zero", f"  seed: {seed}\n  zero"
    )


def make_run(name, wrong, dataset="cifar10", learning="arl", seed=0):
    """A run of the recipe in memory; `wrong` has the wrongly classified images of each network."""
    params = YAML(typ="safe").load(change_recipe(learning, seed)) | {"networks": list(wrong)}
    results = {}
    for network, images in wrong.items():
        actual = pd.Series(["a", "b"] * 5)
        predicted = actual.where(~actual.index.isin(images), actual.map({"a": "b", "b": "a"}))
        error = 10.0 * len(images)
        results[network] = Result(
            metrics={f"{split}_error_percent": error for split in ("train", "validation", "test")},
            details={"dataset": dataset, "dataset_sha256": f"digest-of-{dataset}", "parameters": 12345},
            timing={"train_minutes": 1.5},
            machine={
                "device": "CPU, 2 threads",
                "processor": "a processor",
                "libraries": {"tensorflow": "1.2", "numpy": "2.3"},
            },
            history=pd.DataFrame({"epoch": [1], "train_error_percent": [50.0], "validation_error_percent": [40.0]}),
            predictions=pd.DataFrame({"actual": actual, "predicted": predicted}),
            masks=None,
        )
    revision = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return Run(name, revision, "c" * 40, check_params(params, "made up"), {}, results)


def write_run(folder, wrong, learning="arl", seed=0, classes=("a", "b"), digests=("digest", "digest"), further=None):
    """Write the files of a run with so many wrong images, and further ones, and a dvc.lock with their digests."""
    right, other = classes
    table = pd.DataFrame({"actual": [right] * 10, "predicted": [other] * wrong + [right] * (10 - wrong)})
    files = dict(further or {})
    for network, digest in zip(NETWORKS, digests, strict=True):
        files |= write_network(network, 10.0 * wrong, digest) | {
            f"predictions/{network}.csv": table.to_csv(index_label="index")
        }
    reports = {"figures/one.png": b"\x89PNG\xff", "report.md": b"a report\n"}
    listed = [{"md5": md5(content), "relpath": file} for file, content in reports.items()]
    outputs = [{"path": file, "md5": md5(text.encode())} for file, text in files.items()]
    outputs.append({"path": "reports", "md5": f"{md5(json.dumps(listed).encode())}.dir"})
    files["dvc.lock"] = json.dumps({"schema": "2.0", "stages": {"all": {"cmd": "make", "outs": outputs}}})
    files["params.yaml"] = change_recipe(learning, seed)
    contents = {name: text.encode() for name, text in files.items()}
    for name, content in (contents | {f"reports/{name}": content for name, content in reports.items()}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def write_network(network, error, digest):
    """The text of a network's files but its predictions, by name."""
    details = {
        "dataset": "cifar10",
        "dataset_sha256": digest,
        "parameters": 1,
        "test_error_percent_with_mirror_images": error,
        "test_calibration_error_percent": 1.0,
        "test_error_percent_per_class": {"a": error, "b": 0.0},
    }
    # By validation errors the order of runs is another than by test errors.
    errors = {"train_error_percent": error / 4, "validation_error_percent": 100 - error, "test_error_percent": error}
    return {
        f"metrics/{network}.json": json.dumps(errors),
        f"details/{network}.json": json.dumps(details),
        f"timing/{network}.json": json.dumps({"train_minutes": 1.5, "images_per_second": 400.0}),
        f"machine/{network}.json": json.dumps({"device": "CPU", "processor": "one", "libraries": {"numpy": "2"}}),
        f"history/{network}.csv": f"epoch,train_error_percent,validation_error_percent\n1,{error},{error}\n",
    }


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
