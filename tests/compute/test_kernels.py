"""The same bytes on every x86-64 CPU, shown on emulated ones of other makers and other cache sizes.

QEMU computes exactly what hardware approximates (rsqrtps, rcpps), so that it stands for any hardware there. It has no
AVX-512: that oneDNN, XLA and NumPy do not use it where a CPU has it is left to their own limits, which are set.
"""

import json
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from pipeline.compute.kernels import PORTABLE, explain_unportable, force_portable_kernels
from pipeline.compute.machine import read_cpu_flags
from pipeline.settings.params import load_params
from tests.run_module import run_module
from tests.test_reproducibility import LATER, ONE_CPU, SECOND
from tests.tiny_repository import ROOT

DIGESTS = json.loads(Path(__file__).with_name("digests.json").read_text())
# Outside of the kernels that are portable, and of the network.
ALWAYS_BY_CPU = {"rsqrt", "reciprocal", "product with 12,800 rows, transposed"}
needs_avx2 = pytest.mark.skipif(
    not {"avx2", "fma"} <= set(read_cpu_flags()), reason="the bytes are promised on x86-64 CPUs with AVX2 and FMA"
)
needs_emulator = pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="no qemu-x86_64: Debian's qemu-user has it")


def hash_tiny_pipeline(folder, **options):
    """What tests/compute/tiny_pipeline.py finds, but for the operations that are each CPU's own."""
    run_module("compute.tiny_pipeline", folder, **options)
    digests = json.loads((folder / "digests.json").read_text())
    return {name: digests[name] for name in digests if name.removeprefix("operation: ") not in ALWAYS_BY_CPU}


@needs_avx2
def test_a_training_has_the_committed_bytes_whatever_surrounds_it(tmp_path):
    variables = {"TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}
    # NumPy then computes as on a CPU without AVX2 and AVX-512.
    variables |= SECOND | {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}
    launcher = [word for command in (ONE_CPU, LATER) if shutil.which(command[0]) for word in command]
    assert hash_tiny_pipeline(tmp_path, launcher=launcher, **variables) == DIGESTS


@needs_emulator
def test_operations_have_the_committed_bytes_on_a_cpu_of_another_maker():
    received = json.loads(run_module("compute.operations", cpu="Haswell", **PORTABLE))
    committed = {name: digest for name, digest in DIGESTS.items() if name.startswith("operation: ")}
    assert {f"operation: {name}": received[name] for name in received if name not in ALWAYS_BY_CPU} == committed


# Those whose bits are the kernel's, and show it.
BY_KERNEL = {"convolution 1×1", "convolution 3×3", "batch normalization", "softmax"}


def test_control_other_kernels_give_other_bytes():
    received = json.loads(run_module("compute.operations", TF_ENABLE_ONEDNN_OPTS="0"))
    differing = {name for name, digest in received.items() if digest != DIGESTS.get(f"operation: {name}")}
    assert received.keys() > differing >= BY_KERNEL


@pytest.mark.slow
@needs_avx2
@needs_emulator
def test_control_by_default_operations_differ_between_cpus():
    here, there = (json.loads(run_module("compute.operations", cpu=cpu)) for cpu in (None, "Haswell"))
    assert {name for name in here if here[name] != there[name]} >= BY_KERNEL


@pytest.mark.slow
@needs_emulator
@pytest.mark.parametrize(
    "cpu", ["Haswell", "EPYC-Milan", "EPYC-Rome", "Skylake-Client", "Broadwell", "EPYC,host-cache-info=on"]
)
def test_a_training_has_the_committed_bytes_on_other_cpus(cpu, tmp_path):
    assert hash_tiny_pipeline(tmp_path, cpu=cpu) == DIGESTS


@cache
def run_first_step(recipe, network, cpu):
    return run_module("compute.first_step", recipe, network, cpu=cpu)


RECIPES = {path.stem: load_params(path) for path in sorted((ROOT / "recipes").glob("*.yaml"))}


@pytest.mark.slow
@needs_avx2
@needs_emulator
@pytest.mark.parametrize("cpu", ["Haswell", "EPYC-Rome"])
@pytest.mark.parametrize(
    ("recipe", "network"),
    [
        (recipe, network)
        for recipe, params in RECIPES.items()
        if params.compute.precision == "float32"
        for network in params.networks
    ],
)
def test_the_first_step_of_a_recipe_is_the_same_on_another_cpu(recipe, network, cpu):
    here, there = (run_first_step(recipe, network, name) for name in (None, cpu))
    assert len(json.loads(here)["sha256"]) == 64
    assert here == there


@pytest.fixture
def plain_environment(monkeypatch):
    for name in PORTABLE:
        monkeypatch.delenv(name, raising=False)


@needs_avx2
def test_contrary_variables_are_named_and_passed_over(plain_environment, monkeypatch, capsys):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    force_portable_kernels()
    force_portable_kernels()
    assert {name: os.environ[name] for name in PORTABLE} == PORTABLE
    assert capsys.readouterr().err == (
        "TF_ENABLE_ONEDNN_OPTS=0 is passed over: TensorFlow computes with TF_ENABLE_ONEDNN_OPTS=1\n"
    )


@needs_avx2
def test_what_xla_is_told_about_gpus_stays(plain_environment, monkeypatch, capsys):
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/cuda --xla_cpu_enable_fast_math=true")
    force_portable_kernels()
    assert os.environ["XLA_FLAGS"] == "--xla_gpu_cuda_data_dir=/cuda --xla_cpu_max_isa=AVX2"
    assert capsys.readouterr().err.startswith("XLA_FLAGS=--xla_cpu_enable_fast_math=true is passed over: ")


@pytest.mark.parametrize(
    ("backend", "device", "precision", "reason"),
    [
        ("tensorflow", "NVIDIA H100", "float32", "it computes on NVIDIA H100"),
        ("tensorflow", "2 × CPU, 2 threads", "float32", "it computes on 2 × CPU"),
        ("jax", "CPU, 2 threads", "float32", "jax chooses its kernels by the CPU"),
        ("tensorflow", "CPU, 2 threads", "bfloat16", "bfloat16 is computed as the CPU can"),
    ],
)
def test_what_is_not_portable_says_why(backend, device, precision, reason):
    assert explain_unportable(backend, device, precision).startswith(reason)


@pytest.mark.parametrize("flags", [[], ["avx2"], ["asimd"]])
def test_a_cpu_without_the_extensions_is_not_portable(flags, plain_environment, monkeypatch):
    monkeypatch.setattr("pipeline.compute.kernels.read_cpu_flags", lambda: flags)
    assert "AVX2 and FMA" in explain_unportable("tensorflow", "CPU, 2 threads", "float32")
    force_portable_kernels()
    assert not PORTABLE.keys() & os.environ.keys()
    monkeypatch.setattr("pipeline.compute.kernels.read_cpu_flags", lambda: ["avx2", "fma", "sse"])
    assert explain_unportable("tensorflow", "CPU, 2 threads", "float32") == ""
