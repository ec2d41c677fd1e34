"""GPUs that a fake nvidia-smi tells of; real processes."""

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from pipeline.compute.gpu_lock import list_gpus, select_gpus
from tests.tiny_repository import ROOT, wait_until

GPUS = {"0": "GPU-aa11", "1": "GPU-aa22", "2": "GPU-bb33"}
HOLDER = """
import sys
from pathlib import Path
from pipeline.compute import gpu_lock
gpu_lock.FOLDER = Path(sys.argv[1])
gpu_lock.hold_gpus(sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Put a program of this name on the path, which prints lines and ends with a status."""

    def write(*lines, status=0):
        path = tmp_path / "bin/nvidia-smi"
        path.parent.mkdir()
        path.write_text("\n".join(["#!/bin/sh", *(f"echo '{line}'" for line in lines), f"exit {status}"]))
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent))

    return write


@pytest.fixture
def start(tmp_path):
    """Start a process that holds the GPUs that it could use until its standard input ends."""
    with ExitStack() as stack:

        def start_holder(device="gpu", **env):
            command = [sys.executable, "-c", HOLDER, tmp_path, device]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, text=True, **pipes)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start_holder


def test_gpus_are_those_that_nvidia_smi_lists(nvidia_smi):
    nvidia_smi(*(f"{index}, {uuid}" for index, uuid in GPUS.items()))
    assert list_gpus() == GPUS


def test_no_program_and_no_driver_mean_no_gpu(nvidia_smi, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list_gpus() == {}
    nvidia_smi("NVIDIA-SMI has failed", "because of its driver", status=9)
    assert list_gpus() == {}
    assert capsys.readouterr().err == "nvidia-smi finds no GPU: NVIDIA-SMI has failed because of its driver\n"


@pytest.mark.parametrize(
    ("visible", "order", "expected"),
    [
        (None, "PCI_BUS_ID", "012"),
        ("", "PCI_BUS_ID", ""),
        ("-1", "PCI_BUS_ID", ""),
        ("1", "PCI_BUS_ID", "1"),
        ("2, 0", "PCI_BUS_ID", "02"),
        ("2,-1,0", "PCI_BUS_ID", "2"),
        ("1", "FASTEST_FIRST", "012"),
        ("GPU-aa22", "FASTEST_FIRST", "1"),
        ("GPU-aa", "PCI_BUS_ID", "01"),
        ("MIG-1234", "PCI_BUS_ID", "012"),
    ],
)
def test_what_cuda_is_told_narrows_the_gpus(visible, order, expected, monkeypatch):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    assert select_gpus(GPUS, visible) == {GPUS[index] for index in expected}


def test_a_gpu_has_one_process_at_a_time_and_the_next_says_what_it_waits_for(nvidia_smi, start, tmp_path):
    nvidia_smi("0, GPU-aa11", "1, GPU-aa22")
    first = start(CUDA_VISIBLE_DEVICES="1")
    assert first.stdout.readline() == "held\n"
    second = start()
    assert second.stderr.readline() == f"waiting for the process that uses GPU-aa22 ({tmp_path}/GPU-aa22.lock)\n"
    for device, visible in (("cpu", "1"), ("gpu", "")):
        assert start(device, CUDA_VISIBLE_DEVICES=visible).stdout.readline() == "held\n"
    first.kill()
    assert second.stdout.readline() == "held\n"
    second.stdin.close()
    wait_until(lambda: not list(tmp_path.glob("*.lock")))
