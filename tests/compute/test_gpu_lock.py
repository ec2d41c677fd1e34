"""GPUs that a fake nvidia-smi tells of; real processes."""

import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from pipeline.compute.gpu_lock import find_gpus, list_gpus, list_visible
from tests.tiny_repository import ROOT, wait_until

GPUS = {"0": "GPU-aa11", "1": "GPU-aa22", "2": "GPU-bb33"}
HOLDER = """
import os, sys
from pathlib import Path
from pipeline.compute import gpu_lock
gpu_lock.FOLDER = Path(sys.argv[1])
gpu_lock.hold_gpus(sys.argv[2], int(sys.argv[3]))
print("held", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
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

        def start_holder(device="gpu", devices=1, **env):
            command = [sys.executable, "-c", HOLDER, tmp_path, device, str(devices)]
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
    ("visible", "order", "devices", "expected"),
    [
        (None, "PCI_BUS_ID", 1, "0"),
        (None, "PCI_BUS_ID", 2, "01"),
        (None, "PCI_BUS_ID", 4, "012"),
        ("", "PCI_BUS_ID", 1, ""),
        ("-1", "PCI_BUS_ID", 1, ""),
        ("1", "PCI_BUS_ID", 1, "1"),
        ("2, 0", "PCI_BUS_ID", 1, "2"),
        ("2, 0", "PCI_BUS_ID", 2, "02"),
        ("2,-1,0", "PCI_BUS_ID", 2, "2"),
        ("1", "FASTEST_FIRST", 1, "012"),
        (None, "FASTEST_FIRST", 1, "012"),
        ("GPU-aa22", "FASTEST_FIRST", 1, "1"),
        ("GPU-aa", "PCI_BUS_ID", 1, "01"),
        ("MIG-1234", "PCI_BUS_ID", 1, "012"),
    ],
)
def test_gpus_are_the_first_that_cuda_sees_and_all_where_that_is_not_sure(
    visible, order, devices, expected, monkeypatch
):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
    found = [find_gpus(GPUS, entry) for entry in list_visible(GPUS, visible)[:devices]]
    assert set().union(*found) == {GPUS[index] for index in expected}


def test_two_trainings_of_one_device_have_a_gpu_each_and_one_of_two_waits_for_both(nvidia_smi, start, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    nvidia_smi("0, GPU-aa11", "1, GPU-aa22")
    first, second = start(), start(CUDA_VISIBLE_DEVICES="1,0")
    assert [holder.stdout.readline() for holder in (first, second)] == ["held 0\n", "held 1\n"]
    both = start(devices=2)
    assert "GPU-aa11" in both.stderr.readline()
    first.kill()
    assert "GPU-aa22" in both.stderr.readline()
    second.kill()
    assert both.stdout.readline() == "held 0,1\n"


def test_a_gpu_has_one_process_at_a_time_and_the_next_says_what_it_waits_for(nvidia_smi, start, tmp_path):
    nvidia_smi("0, GPU-aa11", "1, GPU-aa22")
    first = start(CUDA_VISIBLE_DEVICES="1")
    assert first.stdout.readline() == "held 1\n"
    second = start(devices=2)
    assert second.stderr.readline() == f"waiting for the process that uses GPU-aa22 ({tmp_path}/GPU-aa22.lock)\n"
    for device, visible in (("cpu", "1"), ("gpu", "")):
        assert start(device, CUDA_VISIBLE_DEVICES=visible).stdout.readline() == f"held {visible}\n"
    first.kill()
    assert second.stdout.readline() == "held 0,1\n"
    second.stdin.close()
    wait_until(lambda: not list(tmp_path.glob("*.lock")))
