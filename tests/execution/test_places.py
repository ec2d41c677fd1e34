from pathlib import Path

import pytest

from execution.places import PROJECT, Places, find_places
from pipeline.errors import InputError


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for name in ("RUNS_ORIGIN", "RUNS_DIR", "RUNS_REMOTE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_word_everything_is_in_the_projects_folder():
    assert find_places() == Places(PROJECT, None, None)


def test_folders_are_found_from_everywhere_and_addresses_stay(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("origin.git").mkdir()
    for name, value in {"RUNS_ORIGIN": "origin.git", "RUNS_DIR": "here", "RUNS_REMOTE": "remote"}.items():
        monkeypatch.setenv(name, value)
    assert find_places() == Places(tmp_path / "here", str(tmp_path / "origin.git"), str(tmp_path / "remote"))
    monkeypatch.setenv("RUNS_ORIGIN", "git@host:project.git")
    monkeypatch.setenv("RUNS_REMOTE", "s3://bucket/runs")
    assert find_places() == Places(tmp_path / "here", "git@host:project.git", "s3://bucket/runs")


@pytest.mark.parametrize("name", ["RUNS_ORIGIN", "RUNS_DIR"])
def test_an_origin_and_its_folder_belong_together(monkeypatch, name):
    monkeypatch.setenv(name, "https://me:token@host/path")
    with pytest.raises(InputError, match=f"RUNS_ORIGIN and RUNS_DIR require each other. Received: {name} alone$"):
        find_places()
