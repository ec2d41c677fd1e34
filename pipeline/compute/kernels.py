"""Which kernels compute on a CPU: the same on every x86-64 CPU with AVX2 and FMA, so that results are the same bytes.

By themselves oneDNN and XLA choose by the CPU's extensions, TensorFlow by them whether oneDNN is used at all, and Eigen
by the sizes of caches: docs/exactness.md has what was found to differ, and how it is held.
"""

import os

from pipeline.compute.machine import read_cpu_flags
from pipeline.errors import print_error

# They are read when TensorFlow is loaded.
PORTABLE = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ONEDNN_CPU_ISA_HINTS": "NO_HINTS",
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "TF_XLA_FLAGS": "",
}


def force_portable_kernels() -> None:
    """Set the environment so, whatever it says; a contrary value is named on standard error.

    To be called before TensorFlow is imported. Nothing is set where the CPU is none of those; what XLA is told about
    GPUs stays.
    """
    if not has_portable_kernels():
        return
    for name, value in PORTABLE.items():
        given = os.environ.get(name, value).split()
        kept = [flag for flag in given if name == "XLA_FLAGS" and flag.startswith("--xla_gpu_")]
        if contrary := " ".join(word for word in given if word not in (*kept, *value.split())):
            print_error(f"{name}={contrary} is passed over: TensorFlow computes with {name}={value}")
        os.environ[name] = " ".join([*kept, *value.split()])


def has_portable_kernels() -> bool:
    """Whether this CPU is an x86-64 one with AVX2 and FMA."""
    return {"avx2", "fma"} <= set(read_cpu_flags())


def explain_unportable(backend: str, device: str, precision: str) -> str:
    """Why the bytes of a training are promised on this kind of machine only; "" where they are promised on all.

    Args:
        backend: of Keras.
        device: in words, from `set_up_backend`.
        precision: of the layers.
    """
    if not device.startswith("CPU"):
        return f"it computes on {device}"
    if backend != "tensorflow":
        return f"{backend} chooses its kernels by the CPU"
    if precision != "float32":
        return f"{precision} is computed as the CPU can"
    if not has_portable_kernels():
        return "the CPU is no x86-64 one with AVX2 and FMA"
    return ""
