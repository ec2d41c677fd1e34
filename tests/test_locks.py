import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.locks import hold_lock
from tests.tiny_repository import ROOT, wait_until

HOLDER = """
import os, sys, time
from pathlib import Path
from pipeline.locks import hold_lock
with hold_lock(Path(sys.argv[1]), "another test"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time_and_the_others_say_what_they_wait_for(tmp_path, capsys):
    path = tmp_path / "made/on/the/way/lock"
    order = []

    def work(number):
        with hold_lock(path, "a test"):
            order.append(("begins", number))
            time.sleep(0.05)
            order.append(("ends", number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert [what for what, _ in order] == ["begins", "ends"] * 5
    assert all(first == second for (_, first), (_, second) in zip(order[::2], order[1::2], strict=True))
    assert f"waiting for a test ({path})" in capsys.readouterr().err
    assert not path.exists()


def test_an_error_frees_it(tmp_path):
    with pytest.raises(RuntimeError), hold_lock(tmp_path / "lock", "a test"):
        raise RuntimeError
    with hold_lock(tmp_path / "lock", "a test"):
        pass


def test_a_killed_holder_frees_it(tmp_path, capsys):
    command = [sys.executable, "-c", HOLDER, tmp_path / "lock"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        threading.Timer(0.3, other.kill).start()
        with hold_lock(tmp_path / "lock", "a test"):
            assert "waiting for a test" in capsys.readouterr().err
    wait_until(lambda: not (tmp_path / "lock").exists())


def test_whoever_waits_can_take_the_line_that_says_so(tmp_path, capsys):
    lines = []
    with ThreadPoolExecutor() as pool:
        with hold_lock(tmp_path / "lock", "a test"):
            waiting = pool.submit(take_and_free, tmp_path / "lock", lines.append)
            wait_until(lambda: lines)
        waiting.result(10)
    assert lines == [f"waiting for a test ({tmp_path / 'lock'})"]
    assert capsys.readouterr().err == ""


def take_and_free(path, say):
    with hold_lock(path, "a test", say):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="requires root, to be two users")
def test_a_file_that_another_user_left_in_a_common_folder_can_be_held():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lock")
        path.parent.chmod(0o1777)
        for user, end in ((1001, "os._exit(0)"), (1002, "pass")):
            code = HOLDER.replace("time.sleep(60)", end).replace(
                "with hold", f"os.umask(0o077)\nos.setuid({user})\nwith hold"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, path], cwd=ROOT, check=False, capture_output=True, text=True
            )
            assert (done.stdout, done.stderr) == ("held\n", "")
            assert path.stat().st_uid == 1001
