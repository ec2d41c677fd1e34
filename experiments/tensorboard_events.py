"""Recorded runs as TensorBoard shows them: curves, a row of its HParams page, and pictures of the soft masks.

A run has a folder for each network, <data set>/<network>/<learning>/s<seed>, with train/ and validation/ as a training
itself writes them, so that one chart has both.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from math import isnan
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from execution.recipe_changes import flatten
from experiments.experiment import list_recorded, load_revision
from experiments.publishing.published_run import list_folders, list_study_folders, load_published
from experiments.recorded_run import Result, Run
from pipeline.errors import InputError, print_error
from pipeline.evaluation.page_pictures import draw_kept_masks

FILE = "events.out.tfevents.0.recorded"  # by this name TensorBoard knows it
OF_EACH_SPLIT = ("loss", "error_percent")


def list_runs(repository: Path) -> Iterator[Run]:
    """The published runs, those of studies too, then the other experiments; those that cannot be read are named."""
    published: dict[str, Run] = {}
    for folder in (*list_folders(repository), *list_study_folders(repository)):
        with passed_over():
            run = load_published(repository, folder).run
            published.setdefault(run.revision, run)
    yield from published.values()
    for revision, _, name in list_recorded(repository):
        if revision not in published:
            with passed_over():
                yield load_revision(repository, name, revision)


@contextmanager
def passed_over() -> Iterator[None]:
    """Name what cannot be read, and go on."""
    try:
        yield
    except InputError as error:
        print_error(f"passed over: {error}")


def write_events(folder: Path, runs: Iterable[Run]) -> None:
    """Write the events of runs into an empty folder; a label that is taken gets the run's revision, too."""
    for run in runs:
        for network, result in run.results.items():
            label = f"{run.dataset[0]}/{network}/{run.params.model.learning}/s{run.params.train.seed}"
            if (folder / label).exists():
                label += f"-{run.revision[:7]}"
            write_network(folder / label, label, network, run, result)


def write_network(folder: Path, label: str, network: str, run: Run, result: Result) -> None:
    """Write the events of one network of a run."""
    folder.mkdir(parents=True)
    seconds = 60 * result.timing.get("train_minutes", 0)  # as relative times are shown
    epochs = len(result.history)
    for split in ("train", "validation"):
        curves = [*OF_EACH_SPLIT, "learning_rate"] if split == "train" else OF_EACH_SPLIT
        write_file(
            folder / split,
            [
                Event(
                    step=row["epoch"],
                    wall_time=seconds * row["epoch"] / epochs,
                    summary=Summary(value=list(collect_scalars(row, split, curves))),
                )
                for row in result.history.to_dict("records")
            ],
        )
    errors = [Summary.Value(tag=tag, simple_value=error) for tag, error in result.metrics.items() if error is not None]
    events = [
        Event(summary=hparams_pb(list_hyperparameters(network, run), trial_id=label, start_time_secs=0)),
        Event(step=epochs, wall_time=seconds, summary=Summary(value=errors)),
    ]
    if picture := draw_masks(run, result):
        events.append(Event(step=epochs, wall_time=seconds, summary=Summary(value=[picture])))
    write_file(folder, events)


def collect_scalars(row: dict[Any, Any], split: str, curves: Iterable[str]) -> Iterable[Summary.Value]:
    """A split's numbers of an epoch, by the names that a training's own events have."""
    for curve in curves:
        value = row.get(curve if curve == "learning_rate" else f"{split}_{curve}")
        if value is not None and not isnan(value):  # as of a split without images
            yield Summary.Value(tag=curve, simple_value=value)


def list_hyperparameters(network: str, run: Run) -> dict[str, Any]:
    """A run's parameters by dotted key, as TensorBoard takes them, with its name, its network and its data set."""
    parameters = flatten(run.params.model_dump(exclude={"networks"}))
    plain = {key: value if isinstance(value, bool | int | float) else str(value) for key, value in parameters.items()}
    return {"run": run.name, "network": network, "dataset": run.dataset[0]} | plain


def draw_masks(run: Run, result: Result) -> Summary.Value | None:
    """The soft masks of the kept images as a picture, where they are at hand; the trunk alone has none."""
    if not result.masks or result.predictions is None or run.params.model.mask == "none":
        return None
    picture = BytesIO()
    figure = draw_kept_masks(result.masks, result.predictions["actual"])
    figure.savefig(picture, format="png", dpi=100)
    width, height = (int(pixels) for pixels in figure.get_size_inches() * 100)
    image = Summary.Image(width=width, height=height, encoded_image_string=picture.getvalue())
    return Summary.Value(tag="soft masks", image=image)


def write_file(folder: Path, events: Iterable[Event]) -> None:
    """Write events as TensorBoard reads them."""
    folder.mkdir(exist_ok=True)
    with (folder / FILE).open("wb") as file:
        writer = RecordWriter(file)
        for event in (Event(file_version="brain.Event:2"), *events):
            writer.write(event.SerializeToString())
