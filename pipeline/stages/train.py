"""Stage `train`: one network, from the records to a saved model, its history and its timing."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.compute.backend import check_libraries, set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.compute.kernels import explain_unportable
from pipeline.compute.machine import count_cpus, describe_machine, select_defining
from pipeline.digests import hash_file
from pipeline.inputs import read_array
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params, load_params
from pipeline.settings.sections import CosineLearningRate, Train
from pipeline.stages.command import run_for_network
from pipeline.stages.paths import MEAN, PROJECT, TFRECORDS
from pipeline.training.schedule import cosine_learning_rates, step_learning_rates

if TYPE_CHECKING:
    import keras

    from pipeline.training.run import Run


def train(name: str) -> None:
    """Train the network `name` of params.yaml.

    Writes models/<name>/model.keras, history/<name>.csv, timing/<name>.json and, with the kind of machine that it ran
    on, machine/<name>.json. Checkpoints go to $CHECKPOINT_DIR, or checkpoints/, and TensorBoard events to $LOG_DIR, or
    logs/: neither is an output. With $LOG_HISTOGRAMS set, the events include histograms of the weights.
    """
    params = load_params()
    versions = check_libraries(PROJECT, params.compute.backend)
    hold_gpus(params.compute.device)
    device = set_up_backend(**params.compute.model_dump())
    print(f"{name}: {params.compute.backend} on {device}, {params.compute.precision}")
    if unportable := explain_unportable(params.compute.backend, device, params.compute.precision):
        print(f"{name}: the same bytes are promised on this kind of machine only: {unportable}")
    import pandas as pd

    from pipeline.model.network import build_classifier
    from pipeline.model.saving import save_model
    from pipeline.training.checkpoints import CheckpointFolder
    from pipeline.training.logs import TensorBoardLog
    from pipeline.training.trainer import train_network

    training = load_run(params)
    network = build_compiled_network(name, params)
    machine = describe_machine(device, versions, portable=not unportable)
    digest = digest_run(name, params, machine)
    label = f"{name}-{params.model.learning}-{digest[:12]}"
    checkpoints = CheckpointFolder(Path(os.environ.get("CHECKPOINT_DIR", "checkpoints"), label), digest)
    with checkpoints.exclusive():
        log = TensorBoardLog(Path(os.environ.get("LOG_DIR", "logs"), label), network, "LOG_HISTOGRAMS" in os.environ)
        outcome = train_network(network, training, checkpoints, log)

        with written_aside(Path("models", name)) as folder:
            folder.mkdir()
            save_model(build_classifier(network, training.mean), folder / "model.keras")
        with written_aside(Path("history", f"{name}.csv")) as file:
            pd.DataFrame(outcome.history).to_csv(file, index=False, float_format="%.6g")
        timing = {
            "cpus": count_cpus(),
            "train_minutes": outcome.seconds / 60,
            "images_per_second": outcome.images_per_second,
        }
        write_json(Path("timing", f"{name}.json"), timing)
        write_json(Path("machine", f"{name}.json"), machine)
        checkpoints.remove()
    print(f"{name}: trained in {outcome.seconds / 60:.1f} min, {outcome.images_per_second:.0f} images/s")


def load_run(params: Params) -> "Run":
    """The data and settings of the run that the parameters describe."""
    from pipeline.cifar.augmentation import Augmentation
    from pipeline.cifar.batches import load_split
    from pipeline.training.run import Run

    train_split = load_split(TFRECORDS, "train")
    settings = params.train
    steps_per_epoch = len(train_split.labels) // settings.batch_size
    return Run(
        train=train_split,
        validation=load_split(TFRECORDS, "validation"),
        mean=read_array(MEAN),
        seed=settings.seed,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rates=tabulate_learning_rates(settings, steps_per_epoch),
        augmentation=Augmentation(**params.augment.model_dump()),
        ema_momentum=settings.ema_momentum,
        threads=params.compute.threads,
    )


def tabulate_learning_rates(settings: Train, steps_per_epoch: int) -> np.ndarray:
    """The learning rate of each global step, float32."""
    rate = settings.learning_rate
    warmup_steps, total_steps = rate.warmup_epochs * steps_per_epoch, settings.epochs * steps_per_epoch
    if isinstance(rate, CosineLearningRate):
        return cosine_learning_rates(rate.peak, warmup_steps, total_steps)
    drop_steps = [epoch * steps_per_epoch for epoch in rate.drop_epochs]
    return step_learning_rates(rate.peak, warmup_steps, total_steps, drop_steps, rate.factor)


def build_compiled_network(name: str, params: Params) -> "keras.Model":
    """The network with its optimizer, as the parameters describe them."""
    from pipeline.cifar.batches import load_index
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.optimization import compile_network

    network = build_network(name, classes=len(load_index(TFRECORDS)["classes"]), **params.model.model_dump())
    initialize_weights(network, params.train.seed)
    compile_network(
        network,
        optimizer=params.train.optimizer,
        momentum=params.train.momentum,
        weight_decay=params.train.weight_decay,
        label_smoothing=params.train.label_smoothing,
    )
    return network


def digest_run(name: str, params: Params, machine: dict[str, Any]) -> str:
    """The sha256 of all that defines a training run: network, parameters, data, code and the kind of machine."""
    sections = ("compute", "model", "augment", "train")
    modules = [module.__file__ for key, module in sys.modules.items() if key.startswith("pipeline.")]
    # This file is no module of that name: it runs as the main program.
    code = sorted(hash_file(Path(file)) for file in {*modules, __file__} if file)
    parts = {
        "network": name,
        "parameters": {section: getattr(params, section).model_dump() for section in sections},
        "data": [hash_file(path) for path in (TFRECORDS / "index.json", MEAN)],
        "code": code,
        "machine": select_defining(machine),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    run_for_network(train)
