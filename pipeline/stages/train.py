"""Stage `train`: one network, from the records to a saved model, its history and its timing."""

import os
from pathlib import Path

from pipeline.compute.backend import check_libraries, set_up_backend
from pipeline.compute.gpu_lock import hold_gpus
from pipeline.compute.kernels import explain_unportable
from pipeline.compute.machine import count_cpus, describe_machine
from pipeline.inputs import read_array
from pipeline.outputs import write_json, written_aside
from pipeline.settings.params import Params
from pipeline.stages.command import run_for_network
from pipeline.stages.paths import MEAN, PROJECT_FILE, TFRECORDS


def train(name: str, params: Params) -> None:
    """Train the network `name` of params.yaml.

    Writes models/<name>/model.keras, history/<name>.csv, timing/<name>.json and, with the kind of machine that it ran
    on, machine/<name>.json. Checkpoints go to $CHECKPOINT_DIR, or checkpoints/, and TensorBoard events to $LOG_DIR, or
    logs/: neither is an output. With $LOG_HISTOGRAMS set, the events include histograms of the weights.
    """
    versions = check_libraries(PROJECT_FILE, params.compute.backend)
    hold_gpus(params.compute.device, params.compute.devices)
    device = set_up_backend(**params.compute.model_dump())
    print(f"{name}: {params.compute.backend} on {device}, {params.compute.precision}")
    if unportable := explain_unportable(params.compute.backend, device, params.compute.precision):
        print(f"{name}: the same bytes are promised on this kind of machine only: {unportable}")
    import pandas as pd

    from pipeline.cifar.batches import load_index, load_split
    from pipeline.model.initialization import initialize_weights
    from pipeline.model.network import build_classifier, build_network
    from pipeline.model.saving import save_model
    from pipeline.training import identity
    from pipeline.training.checkpoints import CheckpointFolder
    from pipeline.training.logs import TensorBoardLog
    from pipeline.training.optimization import compile_network
    from pipeline.training.run import Run
    from pipeline.training.schedule import tabulate_learning_rates
    from pipeline.training.trainer import train_network

    split, validation, mean = load_split(TFRECORDS, "train"), load_split(TFRECORDS, "validation"), read_array(MEAN)
    rates = tabulate_learning_rates(params.train, len(split.labels) // params.train.batch_size)
    training = Run(split, validation, mean, params.train, params.augment, rates, params.compute.threads)
    network = build_network(name, classes=len(load_index(TFRECORDS)["classes"]), **params.model.model_dump())
    initialize_weights(network, params.train.seed, zero_init_residual=params.train.zero_init_residual)
    of_optimizer = {"optimizer", "momentum", "weight_decay", "decayed", "label_smoothing"}
    compile_network(network, **params.train.model_dump(include=of_optimizer))
    machine = describe_machine(device, versions, portable=not unportable)
    sections = params.model_dump(include={"compute", "model", "augment", "train"})
    parts = identity.describe_training(name, sections, [TFRECORDS / "index.json", MEAN], machine)
    label = identity.label_training(parts)
    folder = Path(os.environ.get("CHECKPOINT_DIR", "checkpoints"), label)
    checkpoints = CheckpointFolder(folder, identity.digest_parts(parts))
    with checkpoints.exclusive():
        if reason := identity.explain_start(checkpoints, parts):
            print(f"{name}: starting over, because {reason}")
        write_json(checkpoints.folder / identity.PARTS_FILE, parts)
        identity.remove_forgotten(checkpoints.folder.parent)
        log = TensorBoardLog(Path(os.environ.get("LOG_DIR", "logs"), label), network, "LOG_HISTOGRAMS" in os.environ)
        outcome = train_network(network, training, checkpoints, log)

        with written_aside(Path("models", name)) as folder:
            folder.mkdir()
            save_model(build_classifier(network, mean), folder / "model.keras")
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


if __name__ == "__main__":
    run_for_network(train)
