"""All of params.yaml, and the only reader: of the workspace's file and, more patiently, of what runs recorded."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from pipeline.errors import InputError
from pipeline.model.variants import modules_per_stage
from pipeline.settings.plain_yaml import load_plain_yaml
from pipeline.settings.sections import (
    Augment,
    Compute,
    CustomDownload,
    Evaluate,
    KnownDownload,
    Model,
    Preprocess,
    SyntheticDownload,
    Tfrecords,
    Train,
)
from pipeline.settings.strictness import Section, explain_invalid

PARAMS_FILE = Path("params.yaml")
# Pydantic puts the chosen branch of a discriminated union into an error's location, behind these, where no key is.
UNIONS = (("download",), ("train", "learning_rate"))
# Keys that recorded runs may have and params.yaml no more, by section.
FORMER_KEYS = (("preprocess", "mean"),)  # it had one value, per_pixel, which is what is done


class Params(Section):
    """All of params.yaml."""

    networks: Annotated[list[str], Field(min_length=1)]
    download: Annotated[SyntheticDownload | KnownDownload | CustomDownload, Field(discriminator="dataset")]
    preprocess: Preprocess
    tfrecords: Tfrecords
    compute: Compute
    model: Model
    augment: Augment
    train: Train
    evaluate: Evaluate

    @model_validator(mode="after")
    def _check_networks(self) -> "Params":
        for network in self.networks:
            modules_per_stage(network, self.model.layout)
        if len(set(self.networks)) < len(self.networks):
            raise InputError(f"networks requires each network once. Received: {', '.join(self.networks)}")
        return self

    @model_validator(mode="after")
    def _check_batch(self) -> "Params":
        batch, devices = self.train.batch_size, self.compute.devices
        if batch % devices:
            raise InputError(f"train.batch_size requires a multiple of compute.devices, {devices}. Received: {batch}")
        return self

    @property
    def compare_with_published(self) -> bool:
        """Whether published figures are of the same: mixed attention by hourglasses, and right labels."""
        return (self.model.attention, self.model.mask, self.preprocess.label_noise) == ("mixed", "hourglass", 0)


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a parameter file.

    Raises:
        InputError: the file is missing, is not YAML, or has an unknown, missing, mistyped or out-of-range parameter.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} requires a readable file of parameters. Received: {error}") from error
    return check_params(load_plain_yaml(content, str(path)), str(path))


def read_recorded_params(content: bytes | str, source: str) -> Params:
    """Read the params.yaml of a recorded run or of another commit.

    What is new since has the value that means "as before"; what went is known in `FORMER_KEYS`.

    Args:
        content: of the file.
        source: names it in error messages.

    Raises:
        InputError: as `load_params`, but for keys that are new or went.
    """
    return check_params(load_plain_yaml(content, source), source, recorded=True)


def check_params(content: Any, source: str, *, recorded: bool = False) -> Params:
    """Check parameters given as nested dictionaries; `source` names them in error messages.

    Raises:
        InputError: as `load_params` or, where they are a recorded run's, `read_recorded_params`.
    """
    if recorded:
        _drop_former_keys(content)
    try:
        return Params.model_validate(content, context={"recorded": recorded})
    except ValidationError as error:
        raise explain_invalid(error, source, UNIONS) from error


def _drop_former_keys(content: Any) -> None:
    for section, key in FORMER_KEYS:
        values = content.get(section) if isinstance(content, dict) else None
        if isinstance(values, dict):
            values.pop(key, None)
