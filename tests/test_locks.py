import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.locks import hold_lock
from tests.tiny_repository import wait_until

HOLDER = """
import sys, time
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
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        threading.Timer(0.3, other.kill).start()
        with hold_lock(tmp_path / "lock", "a test"):
            assert "waiting for a test" in capsys.readouterr().err
    wait_until(lambda: not (tmp_path / "lock").exists())
