import json
import zipfile

import keras
import numpy as np
import pytest

from pipeline.model.network import build_classifier, build_network
from pipeline.model.saving import save_model
from tests.networks import PLAIN


@pytest.fixture(scope="module", params=["mixed", "channel", "spatial"])
def classifier(request):
    keras.utils.set_random_seed(0)
    settings = PLAIN | {"attention": request.param, "dropout": 0.5, "l2": 0.01}
    network = build_network("attention-mini", layout="seed", width=0.0625, **settings)
    mean = np.random.default_rng(1).uniform(90, 140, (32, 32, 3)).astype(np.float32)
    return network, mean, build_classifier(network, mean)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)


def test_classifier_subtracts_the_mean_from_raw_images_itself(classifier, images):
    network, mean, model = classifier
    logits = network.predict(images.astype(np.float32) - mean, verbose=0).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(images, verbose=0), expected, rtol=1e-4, atol=1e-6)


def test_saved_model_is_loaded_by_keras_itself_and_takes_uint8(classifier, images, tmp_path):
    """tests/flows/test_local.py does so in a process without this project's code."""
    _, _, model = classifier
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(loaded.predict(images, verbose=0), expected, rtol=1e-4, atol=1e-6)


def test_saved_model_holds_no_time_no_training_settings_and_no_code_of_the_project(classifier, tmp_path):
    save_model(classifier[2], tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        assert b"pipeline" not in file.read("config.json")
        assert "date_saved" not in json.loads(file.read("metadata.json"))
        assert not json.loads(file.read("config.json")).get("compile_config")
