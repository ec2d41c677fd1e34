import contextlib
import json
import shutil

import keras
import numpy as np
import pytest

from pipeline.inputs import read_array
from pipeline.model.network import build_classifier
from pipeline.model.saving import save_model
from pipeline.settings.params import load_params
from pipeline.stages import evaluate as stage
from pipeline.stages.download import download
from pipeline.stages.evaluate import scale_masks
from pipeline.stages.paths import MEAN
from pipeline.stages.preprocess import preprocess
from pipeline.stages.report import report
from pipeline.stages.tfrecords import tfrecords
from pipeline.stages.train import build_compiled_network
from tests.compute.tiny_pipeline import LAYOUTS, TINY, write_params
from tests.tiny_repository import NETWORK, ROOT


def run_stages(folder, **changes):
    """Run the stages but training on an untrained network, and give the parameters, with changes by section."""
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setitem(LAYOUTS, "seed", TINY)
        # In this process the backend is in use.
        patch.setattr(stage, "set_up_backend", lambda **_: "CPU")
        shutil.copy(ROOT / "pyproject.toml", ".")
        write_params("arl", **changes)
        params = load_params()
        for prepare in (download, preprocess, tfrecords):
            prepare(params)
        network = build_compiled_network(NETWORK, params)
        path = folder / f"models/{NETWORK}/model.keras"
        path.parent.mkdir(parents=True)
        save_model(build_classifier(network, read_array(MEAN)), path)
        stage.evaluate(NETWORK, params)
    return params


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the stages write of a network with channel attention, and of data with label noise."""
    folder = tmp_path_factory.mktemp("variant")
    run_stages(folder, preprocess={"label_noise": 0.4}, model={"attention": "channel"})
    return folder


HISTORY = """\
epoch,train_loss,train_error_percent,validation_loss,validation_error_percent,learning_rate
1,2.5,90.0,,,0.1
2,2.3,89.0,,,0.01
"""


def test_a_trunk_alone_that_holds_no_images_out_is_evaluated_and_reported_without_what_it_has_not(workspace):
    params = run_stages(workspace, preprocess={"validation_images": 0}, model={"mask": "none"})
    metrics = json.loads((workspace / f"metrics/{NETWORK}.json").read_text())
    assert metrics["validation_error_percent"] is None
    assert metrics["test_error_percent"] > 0
    with np.load(workspace / f"masks/{NETWORK}.npz") as masks:
        assert set(masks) == {"numbers", "pixels"}
    for name, text in ((f"history/{NETWORK}.csv", HISTORY), (f"timing/{NETWORK}.json", '{"train_minutes": 1.0}')):
        (workspace / name).parent.mkdir()
        (workspace / name).write_text(text)
    report(params)
    page = (workspace / "reports/report.md").read_text()
    assert f"| {NETWORK} | {metrics['train_error_percent']:.2f} | – | {metrics['test_error_percent']:.2f} |" in page
    assert "No masks, the trunk T alone" in page
    html = (workspace / "reports/report.html").read_text()
    assert "learning rate" in html
    assert "the masks of its modules" not in html


def test_metrics_are_by_the_labels_trained_on_and_details_know_the_clean_ones(folder):
    images, label, clean_label = (
        np.load(folder / f"data/prepared/train-{name}.npy") for name in ("images", "label", "clean_label")
    )
    assert 0.2 < (label != clean_label).mean() < 0.6
    metrics, details = (json.loads((folder / f"{kind}/{NETWORK}.json").read_text()) for kind in ("metrics", "details"))
    predicted = np.asarray(keras.models.load_model(folder / f"models/{NETWORK}/model.keras")(images)).argmax(axis=1)
    assert metrics["train_error_percent"] == 100 * (predicted != label).mean()
    assert details["train_error_percent_by_clean_labels"] == 100 * (predicted != clean_label).mean()
    assert [key for key in details if "clean" in key] == ["train_error_percent_by_clean_labels"]


def test_masks_of_channel_attention_are_kept_with_their_signs(folder):
    mask = np.load(folder / f"masks/{NETWORK}.npz")["stage1_module1"]
    norms = np.linalg.norm(mask / 127, axis=-1)
    np.testing.assert_allclose(norms[norms > 0.5], 1, atol=0.05)
    assert (norms > 0.5).mean() > 0.9
    assert mask.min() < 0


@pytest.mark.parametrize(
    ("attention", "values", "kept"),
    [
        ("mixed", [0, 0.5, 1], np.array([0, 128, 255], np.uint8)),
        ("spatial", [0, 0.25, 1], np.array([0, 64, 255], np.uint8)),
        ("channel", [-1, 0.25, 1], np.array([-127, 32, 127], np.int8)),
    ],
)
def test_masks_are_kept_as_whole_numbers_of_their_range(attention, values, kept):
    scaled = scale_masks({"stage1_module1": np.array(values, np.float32)}, attention)["stage1_module1"]
    np.testing.assert_array_equal(scaled, kept)
    assert scaled.dtype == kept.dtype
