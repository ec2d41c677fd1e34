from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf

from pipeline.errors import InputError, PassingError
from pipeline.locks import hold_lock
from pipeline.stages.command import LOCKS, run, run_to_end
from tests.tiny_repository import wait_until


@pytest.fixture(autouse=True)
def place(workspace):
    """Locks are relative to the current folder."""


def fail_with(error):
    def stage():
        raise error

    return stage


def ask_for_too_much():
    tf.zeros([1 << 30, 1 << 20])


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        (fail_with(InputError("a requires b. Received: c")), "error: a requires b. Received: c"),
        (fail_with(OSError(28, "No space left on device")), "Received: [Errno 28] No space left on device"),
        (fail_with(MemoryError()), "error: the command requires more memory; smaller batches take less"),
        (fail_with(RuntimeError("RESOURCE_EXHAUSTED: of GPU\nmore")), "Received: RESOURCE_EXHAUSTED: of GPU"),
        (ask_for_too_much, "error: the command requires more memory; smaller batches take less. Received: "),
    ],
)  # fmt: skip
def test_what_a_user_can_mend_ends_a_stage_with_one_line(stage, line):
    with pytest.raises(SystemExit) as end:
        run_to_end(stage, "stage")
    assert line in end.value.code
    assert "\n" not in end.value.code


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("attention-56", 2)])
def test_a_stage_of_the_data_takes_no_argument(argument, status, monkeypatch):
    monkeypatch.setattr("sys.argv", ["download", argument])
    with pytest.raises(SystemExit) as end:
        run(fail_with(AssertionError("it was run")))
    assert end.value.code == status


def test_what_may_pass_has_a_status_of_its_own(capsys):
    with pytest.raises(SystemExit) as end:
        run_to_end(fail_with(PassingError("a requires b. Received: c")), "stage")
    assert end.value.code == 75
    assert capsys.readouterr().err == "error: a requires b. Received: c\n"


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_to_end(fail_with(ZeroDivisionError()), "stage")


def test_a_stage_waits_for_another_process_that_writes_the_same_outputs(capsys):
    done = []
    with ThreadPoolExecutor() as pool:
        with hold_lock(LOCKS / "stage-a", "another"):
            waiting = pool.submit(run_to_end, lambda: done.append("a"), "stage-a")
            wait_until(lambda: "waiting for another process that runs stage-a" in capsys.readouterr().err)
            run_to_end(lambda: done.append("b"), "stage-b")
        waiting.result()
    assert done == ["b", "a"]
