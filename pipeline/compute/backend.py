"""Choose Keras' backend and its device before Keras is imported, and make its operations deterministic."""

import os
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.compute.kernels import force_portable_kernels
from pipeline.errors import InputError
from pipeline.settings.sections import Backend, Device, Precision


def check_libraries(project_file: Path, backend: Backend) -> dict[str, str]:
    """Compare the installed numerical libraries with those that the project's results are recorded for.

    Args:
        project_file: pyproject.toml, with the table `tool.numerical-libraries`.
        backend: JAX is compared only where it computes.

    Returns:
        The versions, by library.

    Raises:
        InputError: another version is installed.
    """
    required = tomllib.loads(project_file.read_text())["tool"]["numerical-libraries"]
    used = {name: text for name, text in required.items() if backend == "jax" or not name.startswith("jax")}
    for name, text in used.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "none"
        if installed != text:
            raise InputError(f"{project_file} requires {name} {text}. Received: {installed}")
    return used


def set_up_backend(backend: Backend, device: Device, precision: Precision, threads: int, devices: int) -> str:
    """Configure the process; to be called once, before Keras or a backend is imported.

    Args:
        backend: of Keras. TensorFlow is loaded in any case, for `tf.data`.
        device: "gpu" requires one, "cpu" hides it, "any" takes a GPU where there is one.
        precision: of the layers; weights and logits stay float32, and float32 is not rounded to TensorFloat-32.
        threads: CPU threads within an operation, and operations at a time; another number gives other rounding. How
            many CPUs the machine has changes nothing.
        devices: that everything after this call is built and trained on, see `pipeline.compute.devices`. A CPU is
            divided into as many virtual ones, which have these threads together.

    Returns:
        The device that will be used, in words.

    Raises:
        InputError: a GPU is required and there is none, or there are fewer than `devices`.
    """
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if device == "cpu":
        os.environ["JAX_PLATFORMS"] = "cpu"
    if backend == "tensorflow" and precision == "float32":  # bfloat16 needs what portable kernels leave out
        force_portable_kernels()
    if backend == "jax":
        os.environ["NPROC"] = str(threads)  # by it XLA sizes its thread pool; without it, by the machine's CPUs
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_exclude_nondeterministic_ops=true"
    with _native_messages_held_back():
        import tensorflow as tf

        tf.config.list_physical_devices()
    if device == "cpu" or backend == "jax":
        tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if devices > 1:
        _divide_cpu(backend, devices)
    name = _find_jax_device() if backend == "jax" else _find_tensorflow_device()
    if device == "gpu" and name == "CPU":
        raise InputError(f"compute.device: gpu requires a GPU that {backend} can use. Received: none that it finds")
    if name == "CPU":
        # Graph optimization takes a third of the time to the first step and does not make steps faster on a CPU.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    import keras

    # Whatever the user's own keras.json says.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    words = name
    if devices > 1:
        from pipeline.compute.devices import spread_over

        spread_over(devices)
        words = f"{devices} × {name}"
    return f"{words}, {threads} threads" if name == "CPU" else words


@contextmanager
def _native_messages_held_back() -> Iterator[None]:
    """Keep what TensorFlow's C++ code writes to standard error as it starts, and show it only if that fails."""
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as held:
        try:
            os.dup2(held.fileno(), 2)
            yield
        except BaseException:
            held.seek(0)
            os.write(standard_error, held.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)


def _divide_cpu(backend: Backend, devices: int) -> None:
    if backend == "jax":
        import jax

        jax.config.update("jax_num_cpu_devices", devices)
    else:
        import tensorflow as tf

        virtual = [tf.config.LogicalDeviceConfiguration()] * devices
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], virtual)


def _find_tensorflow_device() -> str:
    import tensorflow as tf

    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return "CPU"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")


def _find_jax_device() -> str:
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")
    device = jax.devices()[0]
    return "CPU" if device.platform == "cpu" else device.device_kind
