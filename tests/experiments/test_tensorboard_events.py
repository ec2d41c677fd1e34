import json
import shutil

import numpy as np
import pytest
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from experiments.publishing.published_run import publish_run
from experiments.tensorboard_events import list_runs, write_events
from tests.experiments.made_up_runs import make_run
from tests.tensorboard_format import read_events


@pytest.fixture
def runs():
    made = make_run("mine", {"attention-56": [0]}, learning="nal", seed=7)
    result = made.results["attention-56"]
    result.history["validation_error_percent"] = np.nan
    masks = {
        "numbers": np.array([3]),
        "pixels": np.zeros((1, 32, 32, 3), np.uint8),
        "module": np.ones((1, 8, 8, 2), np.float32),
    }
    made.results["attention-56"] = result._replace(masks=masks)
    return made, make_run("topic/other", {"attention-56": [0, 1]}, learning="nal", seed=7)


def test_runs_are_named_by_data_set_network_learning_and_seed_and_have_curves_parameters_and_masks(runs, tmp_path):
    folder = tmp_path / "recorded"
    folder.mkdir()
    write_events(folder, runs)
    label = "cifar10/attention-56/nal/s7"
    again = f"{label}-{runs[1].revision[:7]}"
    assert {path.parent.relative_to(folder).as_posix() for path in folder.rglob("*tfevents*")} == {
        f"{name}{split}" for name in (label, again) for split in ("", "/train", "/validation")
    }
    assert read_events(folder / label / "train")["error_percent", 1].simple_value == 50
    assert not read_events(folder / label / "validation")  # none was measured
    assert read_events(folder / again / "validation")["error_percent", 1].simple_value == 40
    events = read_events(folder / label)
    assert events["test_error_percent", 1].simple_value == 10
    data = next(value for (tag, _), value in events.items() if tag.startswith("_hparams_")).metadata.plugin_data
    parameters = HParamsPluginData.FromString(data.content).session_start_info.hparams
    assert parameters["run"].string_value == "mine"
    assert parameters["train.seed"].number_value == 7
    assert parameters["model.learning"].string_value == "nal"
    assert events["soft masks", 1].image.encoded_image_string.startswith(b"\x89PNG")
    assert ("soft masks", 1) not in read_events(folder / again)


def test_published_runs_and_experiments_are_listed_once_and_what_is_no_run_is_named(record, capsys):
    record("mine-arl", 1)
    record("broken-arl", 1, lambda clone: (clone / "timing/attention-56.json").unlink())
    folder = record("mine-nal", 2, learning="nal")
    published = folder / publish_run(folder, "mine-nal")
    of_a_study = folder / "results/studies/mine/runs/other"
    shutil.copytree(published, of_a_study)
    evidence = json.loads((of_a_study / "evidence.json").read_text()) | {"revision": "e" * 40}
    (of_a_study / "evidence.json").write_text(json.dumps(evidence))
    shutil.copytree(published, of_a_study.with_name("mine-nal"))
    shutil.copytree(published, of_a_study.with_name("damaged"))
    (of_a_study.with_name("damaged") / "metrics/attention-56.json").write_text("{")
    names = ["mine-arl", "results/mine-nal", "results/studies/mine/runs/other"]
    assert sorted(run.name for run in list_runs(folder)) == names
    damaged, line = capsys.readouterr().err.splitlines()
    assert damaged.startswith("passed over: results/studies/mine/runs/damaged: metrics/attention-56.json is ")
    assert line.startswith("passed over: ")
    assert "requires the results of a complete run. Received: none in timing/attention-56.json (" in line
