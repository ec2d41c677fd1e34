"""The kind of machine that a run is made on: what its bits may depend on beside code, data and parameters."""

import os
import platform
import re
from pathlib import Path
from typing import Any

# Extensions whose arithmetic libraries choose between, on x86-64 and on arm64.
FLAGS = re.compile(r"s?sse|avx|fma|f16c|amx|asimd|fphp|sve|sme\d?$|bf16|i8mm")
# What changes kernels, their order of summation or their precision.
VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_MAX_CPU_ISA",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_ENABLE_X64",
    "MKL_CBWR",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)

# What bits may depend on where kernels are portable, and where they are not; the rest is told for people.
PORTABLE_KEYS = ("device", "kernels", "libraries")
NATIVE_KEYS = (*PORTABLE_KEYS, "cpu_flags", "system", "gpu_driver", "environment")


def describe_machine(device: str, versions: dict[str, str], *, portable: bool) -> dict[str, Any]:
    """The kind of this machine; it names neither host nor user.

    Args:
        device: in words, from `set_up_backend`.
        versions: of the numerical libraries.
        portable: whether kernels are those that give the same bytes on every machine, see `pipeline.compute.kernels`.
    """
    flags = read_cpu_flags()
    driver = Path("/proc/driver/nvidia/version")
    return {
        "device": device,
        "kernels": "portable" if portable else "native",
        "processor": name_processor(),
        "cpu_flags": " ".join(flags) if flags else None,
        "system": " ".join((platform.system(), platform.machine(), *platform.libc_ver())),
        "gpu_driver": driver.read_text().splitlines()[0] if driver.exists() else None,
        "python": platform.python_version(),
        "libraries": versions,
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def select_defining(machine: dict[str, Any]) -> dict[str, Any]:
    """What the bits of a run may depend on, of a description."""
    names = PORTABLE_KEYS if machine["kernels"] == "portable" else NATIVE_KEYS
    return {name: machine[name] for name in names}


def read_cpu_flags() -> list[str]:
    """The CPU's extensions that libraries choose between, sorted; empty where the system does not tell."""
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", _read_cpuinfo(), re.MULTILINE)
    return sorted(filter(FLAGS.match, flags[1].split())) if flags else []


def count_cpus() -> int:
    """How many CPUs this process may use: times depend on it, results do not."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name_processor() -> str:
    """The model of the CPU, as far as /proc/cpuinfo or the system tells it."""
    model = re.search(r"^model name\s*: (.+)$", _read_cpuinfo(), re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()


def _read_cpuinfo() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.read_text() if cpuinfo.exists() else ""
