"""What a training writes for TensorBoard, read by the format as it is written down."""

import json

import pytest
from tensorboard.util.tensor_util import make_ndarray

from pipeline.training.logs import TensorBoardLog
from tests.tensorboard_format import read_events
from tests.training.tiny_training import build_tiny_network

ROW = {"epoch": 3, "learning_rate": 0.1, "train_loss": 1.5, "train_error_percent": 40.0}
VALIDATED = {"validation_loss": 2.0, "validation_error_percent": 50.0}
UNVALIDATED = dict.fromkeys(VALIDATED)


def read(value):
    return make_ndarray(value.tensor).item()


def write(folder, row, histograms=False):
    network = build_tiny_network()
    log = TensorBoardLog(folder, network, histograms)
    log.write_graph()
    log.write_epoch(ROW | row, 123.0)
    return network, *(read_events(folder / split) for split in ("train", "validation"))


def test_an_epoch_has_its_errors_in_two_curves_with_the_rate_the_speed_and_the_graph(tmp_path):
    network, train, validation = write(tmp_path, VALIDATED)
    graph = json.loads(read(train.pop(("keras", 0))))
    assert [layer["config"]["name"] for layer in graph["config"]["layers"]] == [layer.name for layer in network.layers]
    values = {("loss", 3): 1.5, ("error_percent", 3): 40, ("learning_rate", 3): 0.1, ("images_per_second", 3): 123}
    assert {key: read(value) for key, value in train.items()} == pytest.approx(values)
    values = {("loss", 3): 2, ("error_percent", 3): 50}
    assert {key: read(value) for key, value in validation.items()} == values


def test_without_validation_images_there_is_one_curve_and_weights_come_when_asked_for(tmp_path):
    network, train, validation = write(tmp_path, UNVALIDATED, histograms=True)
    assert validation == {}
    assert {(weight.path, 3) for weight in network.weights} <= train.keys()
