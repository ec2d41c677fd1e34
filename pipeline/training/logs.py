"""TensorBoard events of a training run, in two curves: train and validation."""

from pathlib import Path

import keras
import tensorflow as tf

from pipeline.model.network import without_optimizer


class TensorBoardLog:
    """Writes events to `folder`/train and `folder`/validation."""

    def __init__(self, folder: Path, network: keras.Model, histograms: bool):
        self.network = network
        self.histograms = histograms
        folder.mkdir(parents=True, exist_ok=True)  # where it cannot be made, TensorFlow's own error has no one line
        self.train = tf.summary.create_file_writer(str(folder / "train"))
        self.validation = tf.summary.create_file_writer(str(folder / "validation"))

    def write_graph(self) -> None:
        """The network as Keras' own graph: it needs no tracing and is the same on every backend."""
        with self.train.as_default():
            metadata = tf.compat.v1.SummaryMetadata()
            metadata.plugin_data.plugin_name = "graph_keras_model"
            metadata.plugin_data.content = b"1"
            tf.summary.write("keras", without_optimizer(self.network).to_json(), step=0, metadata=metadata)

    def write_epoch(self, row: dict[str, float | int | None], images_per_second: float) -> None:
        """One row of the history, and the speed."""
        epoch = row["epoch"]
        for split, writer in (("train", self.train), ("validation", self.validation)):
            with writer.as_default(step=epoch):
                for quantity in ("loss", "error_percent"):
                    if row[f"{split}_{quantity}"] is not None:
                        tf.summary.scalar(quantity, row[f"{split}_{quantity}"])
        with self.train.as_default(step=epoch):
            tf.summary.scalar("learning_rate", row["learning_rate"])
            tf.summary.scalar("images_per_second", images_per_second)
            if self.histograms:
                for weight in self.network.weights:
                    tf.summary.histogram(weight.path, keras.ops.convert_to_numpy(weight.value))
        self.train.flush()
        self.validation.flush()
