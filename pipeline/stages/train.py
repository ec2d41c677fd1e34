"""Stage `train`: one network, from the records to a saved model, its history and its timing."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.compute.backend import check_libraries, set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.compute.kernels import explain_unportable
from pipeline.compute.machine import count_cpus, describe_machine
from pipeline.inputs import read_array
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.settings.sections import Compute
from pipeline.stages.command import run_for_network
from pipeline.stages.paths import MEAN, PROJECT_FILE, TFRECORDS
from pipeline.training import identity
from pipeline.training.checkpoints import CheckpointFolder

if TYPE_CHECKING:  # what loads Keras is imported when its backend has been chosen
    import keras

    from pipeline.training.run import Outcome, Run


def train(name: str, params: Params) -> None:
    """Train the network `name` of params.yaml.

    Writes models/<name>/model.keras, history/<name>.csv, timing/<name>.json and, with the kind of machine that it ran
    on, machine/<name>.json. Checkpoints go to $CHECKPOINT_DIR, or checkpoints/, and TensorBoard events to $LOG_DIR, or
    logs/, by data set, network, learning and seed: neither is an output. With $LOG_HISTOGRAMS set, the events include
    histograms of the weights.
    """
    machine = prepare_machine(name, params.compute)
    # All code that computes, before `describe_training` lists what is loaded.
    from pipeline.cifar.batches import load_index
    from pipeline.model.network import build_classifier
    from pipeline.model.saving import save_model
    from pipeline.training.logs import TensorBoardLog
    from pipeline.training.trainer import train_network

    run = load_run(params)
    network = build_compiled_network(name, params)
    sections = params.model_dump(include={"compute", "model", "augment", "train"})
    parts = identity.describe_training(name, sections, [TFRECORDS / "index.json", MEAN], machine)
    names, dataset = identity.name_training(parts), load_index(TFRECORDS)["dataset"]
    folder = Path(os.environ.get("CHECKPOINT_DIR", "checkpoints"), "-".join(names))
    events = Path(os.environ.get("LOG_DIR", "logs"), dataset, *names)
    checkpoints = CheckpointFolder(folder, identity.digest_parts(parts))
    with checkpoints.exclusive():
        record_start(name, checkpoints, parts)
        log = TensorBoardLog(events, network, "LOG_HISTOGRAMS" in os.environ)
        outcome = train_network(network, run, checkpoints, log)
        with written_aside(Path("models", name)) as folder:
            folder.mkdir()
            save_model(build_classifier(network, run.mean), folder / "model.keras")
        write_measurements(name, outcome, machine)
        checkpoints.remove()
    print(f"{name}: trained in {outcome.seconds / 60:.1f} min, {outcome.images_per_second:.0f} images/s")


def prepare_machine(name: str, compute: Compute) -> dict[str, Any]:
    """Take the device and set up the backend on it, for the training of the network `name`.

    Returns:
        The kind of machine, as `pipeline.compute.machine` describes it.

    Raises:
        InputError: the libraries or the devices are not as required.
    """
    versions = check_libraries(PROJECT_FILE, compute.backend)
    hold_gpus(compute.device, compute.devices)
    device = set_up_backend(**compute.model_dump())
    print(f"{name}: {compute.backend} on {device}, {compute.precision}")
    if unportable := explain_unportable(compute.backend, device, compute.precision):
        print(f"{name}: the same bytes are promised on this kind of machine only: {unportable}")
    return describe_machine(device, versions, portable=not unportable)


def load_run(params: Params) -> "Run":
    """The images to train on and those held out, the mean to subtract, and the learning rate of each step."""
    from pipeline.cifar.batches import load_split
    from pipeline.training.run import Run
    from pipeline.training.schedule import tabulate_learning_rates

    split, validation, mean = load_split(TFRECORDS, "train"), load_split(TFRECORDS, "validation"), read_array(MEAN)
    rates = tabulate_learning_rates(params.train, len(split.labels) // params.train.batch_size)
    return Run(split, validation, mean, params.train, params.augment, rates, params.compute.threads)


def build_compiled_network(name: str, params: Params) -> "keras.Model":
    """The network `name` with its initial weights, its optimizer and its loss."""
    from pipeline.cifar.batches import load_index
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_network
    from pipeline.training.optimization import compile_network

    network = build_network(name, classes=len(load_index(TFRECORDS)["classes"]), **params.model.model_dump())
    initialize_weights(network, params.train.seed, zero_init_residual=params.train.zero_init_residual)
    of_optimizer = {"optimizer", "momentum", "weight_decay", "decayed", "label_smoothing"}
    compile_network(network, **params.train.model_dump(include=of_optimizer))
    return network


def record_start(name: str, checkpoints: CheckpointFolder, parts: identity.Parts) -> None:
    """Say why the training starts over, if it does, and put what it is beside its checkpoints; forget old ones."""
    if reason := identity.explain_start(checkpoints, parts):
        print(f"{name}: starting over, because {reason}")
    write_json(checkpoints.folder / identity.PARTS_FILE, parts)
    identity.remove_forgotten(checkpoints.folder.parent)


def write_measurements(name: str, outcome: "Outcome", machine: dict[str, Any]) -> None:
    """Write the history of a training, its timing, and the kind of machine."""
    import pandas as pd

    with written_aside(Path("history", f"{name}.csv")) as file:
        pd.DataFrame(outcome.history).to_csv(file, index=False, float_format="%.6g")
    timing = {
        "cpus": count_cpus(),
        "train_minutes": outcome.seconds / 60,
        "images_per_second": outcome.images_per_second,
    }
    write_json(Path("timing", f"{name}.json"), timing)
    write_json(Path("machine", f"{name}.json"), machine)


if __name__ == "__main__":
    run_for_network(train)
