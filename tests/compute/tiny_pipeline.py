"""The tiny pipeline, a training with NAL, records with label noise, and the operations of a training by themselves.

Usage: python -m tests.compute.tiny_pipeline FOLDER, where digests.json will be, with the sha256 of each output. In one
process, because an emulated CPU takes a minute to import TensorFlow.
"""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.model.variants import LAYOUTS, Layout
from pipeline.settings.params import load_params
from pipeline.stages.download import download
from pipeline.stages.evaluate import evaluate
from pipeline.stages.preprocess import preprocess
from pipeline.stages.tfrecords import tfrecords
from pipeline.stages.train import train
from tests.compute.operations import list_operations
from tests.tiny_repository import NETWORK, PROMISED, ROOT, write_tiny_params

# One Attention Module and one unit that halves the resolution, under the names of a real layout and network.
TINY = Layout(3, 64, True, (64,), (1,), False, 128, 1, 8, {NETWORK: (1,)})


def write_params(learning: str, **changes: dict) -> None:
    """The tiny parameters with all that draws, and with changes by section."""
    path = Path("params.yaml")
    shutil.copyfile(ROOT / "recipes/demo.yaml", path)
    write_tiny_params(path)
    params = YAML().load(path)
    params["model"].update(learning=learning, width=0.25)
    params["augment"].update(rotation_degrees=10.0, zoom_fraction=0.1, cutout_pixels=4, mixup_alpha=0.5)
    params["train"].update(epochs=2, label_smoothing=0.1, ema_momentum=0.9)
    for section, values in changes.items():
        params[section].update(values)
    YAML().dump(params, path)


def hash_outputs(prefix: str, folders: tuple[str, ...]) -> dict[str, str]:
    """The sha256 of each file."""
    files = [file for name in folders for file in sorted(Path(name).rglob("*")) if file.is_file()]
    return {f"{prefix}{file}": hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def train_unseen(name: str) -> None:
    """Train where there are no test images."""
    shards, aside = list(Path("data/tfrecords").glob("test-*")), Path("aside")
    assert shards
    aside.mkdir()
    for shard in shards:
        shard.rename(aside / shard.name)
    train(name, load_params())
    for shard in shards:
        (aside / shard.name).rename(shard)
    aside.rmdir()


def main(folder: Path) -> None:
    LAYOUTS["seed"] = TINY
    os.chdir(folder)
    shutil.copy(ROOT / "pyproject.toml", ".")
    write_params("arl")
    for stage in (download, preprocess, tfrecords):
        stage(load_params())
    train_unseen(NETWORK)
    evaluate(NETWORK, load_params())
    digests = hash_outputs("", PROMISED)
    write_params("nal")
    train_unseen(NETWORK)
    digests |= hash_outputs("nal: ", ("models", "history"))
    write_params("arl", preprocess={"label_noise": 0.4})
    preprocess(load_params())
    tfrecords(load_params())
    digests |= hash_outputs("label noise: ", ("data/tfrecords",))
    digests |= {f"operation: {name}": digest for name, digest in list_operations().items()}
    Path("digests.json").write_text(json.dumps(digests, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
