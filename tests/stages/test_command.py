import threading
import time

import pytest
import tensorflow as tf

from pipeline.errors import InputError, PassingError
from pipeline.stages.command import run_to_end


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
        (fail_with(MemoryError()), "error: the stage requires more memory; smaller batches take less"),
        (fail_with(RuntimeError("RESOURCE_EXHAUSTED: of GPU\nmore")), "Received: RESOURCE_EXHAUSTED: of GPU"),
        (ask_for_too_much, "error: the stage requires more memory; smaller batches take less. Received: "),
    ],
)  # fmt: skip
def test_what_a_user_can_mend_ends_a_stage_with_one_line(stage, line):
    with pytest.raises(SystemExit) as end:
        run_to_end(stage, "stage")
    assert line in end.value.code
    assert "\n" not in end.value.code


def test_what_may_pass_has_a_status_of_its_own(capsys):
    with pytest.raises(SystemExit) as end:
        run_to_end(fail_with(PassingError("a requires b. Received: c")), "stage")
    assert end.value.code == 75
    assert capsys.readouterr().err == "error: a requires b. Received: c\n"


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_to_end(fail_with(ZeroDivisionError()), "stage")


def test_a_stage_waits_for_another_process_that_writes_the_same_outputs(capsys):
    order = []

    def train(number):
        order.append(("begins", number))
        time.sleep(0.1)
        order.append(("ends", number))

    def run_one(number, network):
        run_to_end(lambda: train(number), f"stage-{network}")

    def run_all(*networks):
        threads = [threading.Thread(target=run_one, args=item) for item in enumerate(networks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        begun = [what for what, _ in order]
        order.clear()
        return begun

    assert run_all("a", "a") == ["begins", "ends"] * 2
    assert "waiting for another process that runs stage-a" in capsys.readouterr().err
    assert run_all("a", "b") == ["begins"] * 2 + ["ends"] * 2
