"""Models from elsewhere are opened, or refused in one line before Keras is asked."""

import json
import zipfile

import pytest

from pipeline.trained.classifier import IMAGE_SHAPE, MEAN_LAYER, MOST_BYTES, open_classifier, read_mean
from tests.refusals import refusal
from tests.tiny_repository import NETWORK, ROOT


def compose(mean, name=MEAN_LAYER):
    return json.dumps({"config": {"layers": [{"name": "images"}, {"name": name, "config": {"mean": mean}}]}})


def write_model(path, text, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("config.json", text)
    return path


FLAT = [0.5] * (32 * 32 * 3)


def test_the_mean_is_read_from_a_models_configuration(tmp_path):
    mean = read_mean(write_model(tmp_path / "model.keras", compose(FLAT)))
    assert mean.shape == IMAGE_SHAPE
    assert (mean == 0.5).all()


@pytest.mark.parametrize(
    ("text", "compression", "reason"),
    [
        (compose(FLAT), zipfile.ZIP_DEFLATED, "bytes of configuration, compression 8"),
        (compose(FLAT) + " " * MOST_BYTES, zipfile.ZIP_STORED, "bytes of configuration, compression 0"),
        (compose(FLAT[1:]), zipfile.ZIP_STORED, "cannot reshape array of size 3071"),
        (compose(FLAT, "other"), zipfile.ZIP_STORED, "not enough values"),
        ("[" * 100_000, zipfile.ZIP_STORED, "recursion"),
        ("{}", zipfile.ZIP_STORED, "config"),
        (compose({"a": 1}), zipfile.ZIP_STORED, "float"),
    ],
    ids=["compressed", "large", "another shape", "no such layer", "deep", "empty", "no numbers"],
)
def test_a_configuration_that_is_not_the_projects_is_refused(text, compression, reason, tmp_path):
    path = write_model(tmp_path / "model.keras", text, compression)
    message = refusal(read_mean, path)
    assert message.startswith(f"{path} requires a saved model. Received: ")
    assert reason in message


@pytest.mark.parametrize("content", [b"", b"none", b"PK\x03\x04torn"])
def test_what_is_no_model_is_refused(content, tmp_path):
    (tmp_path / "model.keras").write_bytes(content)
    assert "requires a saved model" in refusal(read_mean, tmp_path / "model.keras")


def test_a_folder_without_a_run_or_without_its_model_is_refused(tmp_path):
    message = refusal(open_classifier, tmp_path / "none")
    assert (
        message == f"a trained model requires the folder of a run. Received: {tmp_path}/none, No such file or directory"
    )
    (tmp_path / "params.yaml").write_bytes("# naïve".encode("latin-1"))
    assert refusal(open_classifier, tmp_path).startswith(f"{tmp_path}/params.yaml requires valid YAML. Received: ")
    (tmp_path / "params.yaml").write_text((ROOT / "recipes/demo.yaml").read_text())
    for name in ("b", "a"):
        (tmp_path / f"models/{name}").mkdir(parents=True)
        write_model(tmp_path / f"models/{name}/model.keras", "{}")
    message = refusal(open_classifier, tmp_path, NETWORK)
    assert message.startswith(f"{tmp_path} requires the model of {NETWORK}. Received: a, b; ")
