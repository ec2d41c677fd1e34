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

# What bits may depend on; the rest is told for people.
DEFINING = ("device", "cpu_flags", "system", "gpu_driver", "libraries", "environment")


def describe_machine(device: str, versions: dict[str, str]) -> dict[str, Any]:
    """The kind of this machine; it names neither host nor user.

    Args:
        device: in words, from `set_up_backend`.
        versions: of the numerical libraries.
    """
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", text, re.MULTILINE)
    driver = Path("/proc/driver/nvidia/version")
    return {
        "device": device,
        "processor": name_processor(text),
        "cpu_flags": " ".join(sorted(filter(FLAGS.match, flags[1].split()))) if flags else None,
        "system": " ".join((platform.system(), platform.machine(), *platform.libc_ver())),
        "gpu_driver": driver.read_text().splitlines()[0] if driver.exists() else None,
        "python": platform.python_version(),
        "libraries": versions,
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def count_cpus() -> int:
    """How many CPUs this process may use: times depend on it, results do not."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name_processor(cpuinfo: str) -> str:
    """The model of the CPU, as far as /proc/cpuinfo or the system tells it."""
    model = re.search(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()
