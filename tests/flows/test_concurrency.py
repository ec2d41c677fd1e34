"""Two runs at once on one repository: both end right, or the second waits and says for what."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.projects import TinyProject
from tests.tiny_repository import NETWORK, write_tiny_params

LOCAL = (sys.executable, "-m", "flows.local", "tiny")


@pytest.fixture
def project(tmp_path):
    folder, home = tmp_path / "project", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    return TinyProject(folder, home)


@pytest.mark.slow
def test_two_local_runs_at_once_train_once(project):
    with ThreadPoolExecutor() as pool:
        printed = list(pool.map(lambda _: project.run(*LOCAL), range(2)))
    assert sorted(text.count("Running stage") for text in printed) == [0, 9]
    assert sorted("waiting for another run that uses" in text for text in printed) == [False, True]
    assert all("| Network | tiny-arl (ARL) | tiny-nal (NAL) | Change |" in text for text in printed)


@pytest.mark.slow
def test_a_flow_and_dvc_repro_in_the_workspace_do_not_hinder_each_other(project):
    params = project.folder / "params.yaml"
    write_tiny_params(params)
    params.write_text(params.read_text().replace("width: 0.0625", "width: 0.125"))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda command: project.run(*command), (LOCAL, ("dvc", "repro"))))
    assert json.loads(project.run("dvc", "status", "--json")) == {}
    changes = json.loads(project.run("dvc", "params", "diff", "tiny-arl", "--json"))
    assert [changes["params.yaml"]["model.width"][key] for key in ("old", "new")] == [0.0625, 0.125]
    metrics = json.loads(project.run("dvc", "metrics", "diff", "tiny-arl", "tiny-nal", "--all", "--json"))
    assert set(metrics) == {f"metrics/{NETWORK}.json"}
