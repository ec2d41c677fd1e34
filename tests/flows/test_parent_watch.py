"""What stands for a worker, the shell of its command, and the flow below it."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from multiprocessing import get_context

import psutil
import pytest

from flows.parent_watch import RUN_ID, lives
from tests.tiny_repository import ROOT, wait_until

FLOW = """
import os, signal, sys, time
from flows import parent_watch
parent_watch.GRACE_SECONDS = 1

def tell(*_):
    print("ended", flush=True)
    open(os.environ["TOLD"], "w").close()

if "telling" in sys.argv:
    signal.signal(signal.SIGTERM, tell)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
parent_watch.end_with_launcher()
print(os.getpid(), *(process.pid for process in parent_watch.find_launchers()), flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    """Start the three, and give the worker, and the pids of the flow and of its launchers as the flow sees them."""
    with ExitStack() as stack:

        def start_worker(marks="", *arguments):
            flow = [sys.executable, "-c", FLOW, *arguments]
            # Of two commands a shell starts the first as its child.
            command = ["sh", "-c", f'{marks} sh -c \'"$@"; true\' sh "$@"; true', "sh", *flow]
            worker = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
            pids = [int(pid) for pid in worker.stdout.readline().split()]
            for pid in (worker.pid, *pids):
                stack.callback(kill, psutil.Process(pid))
            return worker, pids

        yield start_worker


def kill(process):
    with suppress(psutil.NoSuchProcess):
        process.kill()


def test_launchers_reach_up_to_the_first_ancestor_without_the_runs_id(start):
    worker, (flow, *launchers) = start(f"{RUN_ID}=one")
    assert launchers == [psutil.Process(flow).ppid(), worker.pid]


def test_a_run_by_hand_has_none(start):
    _, (_, *launchers) = start()
    assert launchers == []


def test_what_multiprocessing_spawned_has_its_parent():
    pids = "[process.pid for process in __import__('flows.parent_watch').parent_watch.find_launchers()]"
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(eval, (pids,)) == [os.getpid()]


@pytest.mark.parametrize("ended", [0, 1])
@pytest.mark.parametrize("manner", ["willing", "stubborn"])
def test_when_one_of_them_is_killed_all_of_the_run_ends(start, ended, manner):
    _, (flow, *launchers) = start(f"{RUN_ID}={manner}-{ended}-{os.getpid()}", manner)
    run = [psutil.Process(pid) for pid in (flow, launchers[0])]
    os.kill(launchers[ended], signal.SIGKILL)
    wait_until(lambda: not any(map(lives, run)), 15)


def test_a_run_can_tell_its_end_though_nobody_reads_any_more_what_it_prints(start, tmp_path):
    told = tmp_path / "told"
    worker, _ = start(f"{RUN_ID}=telling-{os.getpid()} TOLD={told}", "telling")
    worker.stdout.close()
    worker.kill()
    wait_until(told.exists)
