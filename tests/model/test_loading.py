import base64
import io
import marshal
import zipfile

import h5py
import keras
import numpy as np
import pytest

from pipeline.model.initialization import initialize_weights
from pipeline.model.loading import load_weights
from pipeline.model.network import build_classifier, build_network
from pipeline.model.saving import save_model
from tests.networks import PLAIN
from tests.refusals import refusal

MEAN = np.full((32, 32, 3), 120, np.float32)


def build(seed, width=0.0625):
    network = build_network("attention-mini", layout="seed", width=width, **PLAIN | {"dropout": 0.5})
    initialize_weights(network, seed, zero_init_residual=False)
    return build_classifier(network, MEAN)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved model, and its entries."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    save_model(build(seed=1), path)
    with zipfile.ZipFile(path) as file:
        return path, {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def model():
    return build(seed=2)


def write(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return path


def change_weights(entries, change):
    """The entries with an HDF5 file of weights that has been changed."""
    file = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(file, "r+") as weights:
        names = []
        weights.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        change(weights, min(names))
    return entries | {"model.weights.h5": file.getvalue()}


def refuse(model, path):
    before = [weight.numpy() for weight in model.weights]
    message = refusal(load_weights, model, path)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    assert message.startswith(f"{path} requires ")
    return message


# The configuration is of a layer that would run this code, as Keras writes it.
def test_weights_come_back_and_code_in_the_configuration_is_not_even_read(saved, tmp_path):
    code = base64.b64encode(marshal.dumps(compile("raise SystemExit", "", "exec"))).decode()
    config = f'{{"class_name": "Lambda", "config": {{"function": {{"class_name": "__lambda__", "config": "{code}"}}}}}}'
    model = build(seed=2)
    load_weights(model, write(tmp_path / "model.keras", saved[1] | {"config.json": config}))
    for received, expected in zip(model.weights, build(seed=1).weights, strict=True):
        np.testing.assert_array_equal(received.numpy(), expected.numpy())


def test_a_model_of_another_width_is_refused_by_an_array(saved, tmp_path):
    assert " requires the array layers/" in refuse(build(seed=2, width=0.125), saved[0])


def test_a_model_of_other_layers_is_refused(model, tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "model.keras")
    assert refuse(model, tmp_path / "model.keras").startswith(f"{tmp_path / 'model.keras'} requires the array ")


def add_array(weights, name):
    weights["more"] = np.zeros(3, np.float32)


def change_type(weights, name):
    array = weights[name][()]
    del weights[name]
    weights[name] = array.astype(np.float64)


def link_to_another_file(weights, name):
    del weights[name]
    weights[name] = h5py.ExternalLink("/etc/passwd", "/")


def keep_in_another_file(weights, name):
    shape = weights[name].shape
    del weights[name]
    weights.create_dataset(name, shape, np.float32, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def make_virtual(weights, name):
    shape = weights[name].shape
    del weights[name]
    layout = h5py.VirtualLayout(shape, np.float32)
    layout[...] = h5py.VirtualSource("/tmp/other.h5", "a", shape)
    weights.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (add_array, "requires the array more: none. Received: float32 (3,)"),
        (change_type, "Received: float64 ("),
        (link_to_another_file, "Received: none"),
        (keep_in_another_file, "which is kept in another file"),
        (make_virtual, "which is kept in another file"),
    ],
)
def test_other_arrays_are_refused(change, reason, model, saved, tmp_path):
    assert reason in refuse(model, write(tmp_path / "model.keras", change_weights(saved[1], change)))


def test_a_bomb_is_refused_before_it_is_unpacked(model, saved, tmp_path):
    bomb = {"model.weights.h5": bytes(1 << 26)}
    path = write(tmp_path / "model.keras", bomb, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 17
    assert refuse(model, path).endswith("Received: 67108864 bytes of weights, compression 8")


@pytest.mark.parametrize("kept", [0, 0.3, 0.99])
def test_a_torn_file_is_refused(kept, model, saved, tmp_path):
    content = saved[0].read_bytes()
    path = tmp_path / "model.keras"
    path.write_bytes(content[: int(kept * len(content))])
    assert "requires a saved model. Received: File is not a zip file" in refuse(model, path)


def test_a_file_without_weights_or_with_others_is_refused(model, saved, tmp_path):
    path = tmp_path / "model.keras"
    assert "model.weights.h5" in refuse(model, write(path, {"config.json": "{}"}))
    assert "requires a saved model" in refuse(model, write(path, {"model.weights.h5": b"no HDF5"}))
    flipped = bytearray(saved[0].read_bytes())
    flipped[len(flipped) // 2] ^= 1
    path.write_bytes(flipped)
    assert "Bad CRC-32" in refuse(model, path)


def test_a_missing_file_is_refused(model, tmp_path):
    assert "No such file" in refuse(model, tmp_path / "model.keras")
