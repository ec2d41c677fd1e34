import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from execution.held_folders import make_held_folder


@pytest.fixture
def make_folder(tmp_path):
    descriptors = []

    def make():
        folder, descriptor = make_held_folder(tmp_path / "clones", "a-")
        descriptors.append(descriptor)
        return folder

    yield make
    for descriptor in descriptors:
        os.close(descriptor)


def test_folders_that_are_held_stay(make_folder, capsys):
    folders = {make_folder() for _ in range(3)}
    assert set(next(iter(folders)).parent.iterdir()) == folders
    assert capsys.readouterr().err == ""


def test_a_folder_is_held_by_a_process_that_inherited_it(tmp_path, make_folder):
    folder, descriptor = make_held_folder(tmp_path / "clones", "a-")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor]) as heir:
        os.close(descriptor)
        make_folder()
        assert folder.exists()
        heir.stdin.close()
    make_folder()
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other users")
def test_folders_of_another_user_stay():
    with tempfile.TemporaryDirectory() as shared:
        parent = Path(shared, "clones")
        parent.mkdir()
        for folder in (parent.parent, parent):
            folder.chmod(0o777)
        try:
            for user in (1, 2):
                os.seteuid(user)
                os.close(make_held_folder(parent, "a-")[1])
                os.seteuid(0)
        finally:
            os.seteuid(0)
        assert {path.stat().st_uid for path in parent.iterdir()} == {1, 2}
