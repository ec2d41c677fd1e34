"""Trainings of seconds on virtual CPUs, as a command: it prints what became of them, for the test to compare.

Usage: python -m tests.compute.several_devices BACKEND DEVICES NETWORK FOLDER, where NETWORK is "tiny", or
"attention-mini", of which there are loss curves only.
"""

import json
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np

from pipeline.compute.backend import set_up_backend
from tests.networks import PLAIN

EPOCHS, BATCH, STEPS = 2, 8, 6
RATES = {"tiny": 0.02, "attention-mini": 0.002}
NARROW = PLAIN | {"layout": "seed", "width": 0.125, "l2": 1e-3}


class RecordingStep:
    """A step that keeps the losses that it gives."""

    def __init__(self, step, losses):
        self.step, self.losses, self.wait = step, losses, step.wait

    def __call__(self, *batch):
        self.losses.append(self.step(*batch))
        return self.losses[-1]


class Trainings:
    """Trainings of one network, one after another."""

    def __init__(self, network, folder):
        from pipeline.training import trainer
        from tests.training import tiny_training

        self.network, self.folder, self.trainer, self.tiny = network, folder, trainer, tiny_training
        self.build_tiny, self.build_step = tiny_training.build_tiny_network, trainer.build_step
        self.built = None

    def train(self, name, dtype="float64", dropout=False, end_after=None, optimizer="sgd", **changes):
        """Losses step by step, history and final weights; the checkpoints' folder has the training's name."""
        import keras

        losses = []

        def build_step(*parts):
            step = RecordingStep(self.build_step(*parts), losses)
            return self.tiny.EndingStep(step, end_after, interrupt) if end_after else step

        def interrupt():
            raise KeyboardInterrupt

        keras.config.set_floatx(dtype)
        self.tiny.build_tiny_network = lambda: self.build(dtype, dropout)
        self.trainer.build_step = build_step
        # The average of the weights can only be had in float32.
        settings = {"batch_size": BATCH, "ema_momentum": 0.9 if dtype == "float32" else 0.0}
        settings |= {"learning_rates": np.full(STEPS, RATES[self.network], np.float32)} | changes
        weights, outcome = self.tiny.train(self.tiny.make_run(EPOCHS, **settings), self.folder / name, optimizer)
        weights = [weights[path].tolist() for path in sorted(weights)]
        return {"losses": [float(loss) for loss in losses], "history": outcome.history, "weights": weights}

    def build(self, dtype, dropout):
        """The network with all layers in one precision."""
        import keras

        from pipeline.model.network import build_network
        from pipeline.model.tensorflow_layers import BatchNormalization

        def copy_layer(layer):
            if isinstance(layer, keras.layers.Dropout) and not dropout:
                return keras.layers.Identity(name=layer.name)
            # TensorFlow's fused operation knows no float64.
            fused = isinstance(layer, BatchNormalization) and dtype == "float64"
            kind = keras.layers.BatchNormalization if fused else type(layer)
            return kind.from_config(layer.get_config() | {"dtype": dtype})

        network = self.build_tiny() if self.network == "tiny" else build_network(self.network, **NARROW)
        self.built = keras.models.clone_model(network, clone_function=copy_layer)
        return self.built

    def resume(self):
        """Whether a training that is broken off and gone on with ends as one that is not, with all that remembers."""
        everything = {"dtype": "float32", "dropout": True, "optimizer": "adam"}
        with suppress(KeyboardInterrupt):
            self.train("resumed", end_after=4, **everything)
        resumed, whole = self.train("resumed", **everything), self.train("whole", **everything)
        return resumed["weights"] == whole["weights"] and resumed["history"] == whole["history"]

    def save(self):
        """Save the network last trained, and give its probabilities for some images of the run."""
        from pipeline.model.network import build_classifier
        from pipeline.model.saving import save_model

        run = self.tiny.make_run()
        classifier = build_classifier(self.built, run.mean)
        save_model(classifier, self.folder / "model.keras")
        return classifier.predict(run.train.images[:BATCH], verbose=0).tolist()


def list_copies(variable):
    """A variable as each device has it."""
    import keras

    if keras.backend.backend() == "jax":
        return [np.asarray(shard.data).tolist() for shard in variable.value.addressable_shards]
    return [copy.numpy().tolist() for copy in getattr(variable.value, "values", [variable.value])]


def main(backend, devices, network, folder):
    results = {"device": set_up_backend(backend, "cpu", "float32", 2, devices)}
    if backend == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    from pipeline.compute import devices as module

    trainings = Trainings(network, folder)
    # On TensorFlow each device drops something else.
    dropout = backend == "jax"
    results["float64"] = trainings.train("float64", dropout=dropout)
    results["copies"] = list_copies(trainings.built.trainable_variables[-2])
    if network == "tiny":
        if not dropout:
            trainings.train("dropout", dropout=True)
        results["seeds"] = list_copies(trainings.built.get_layer("dropout").seed_generator.state)
    if devices < 4:
        results["float32"] = trainings.train("float32", "float32")
        results["probabilities"] = trainings.save()
    if network == "tiny" and devices == 2:
        results["resumed"] = trainings.resume()
        changes = {}
        if backend == "tensorflow":  # each device normalizes with statistics of its own
            module._global_statistics = lambda network: nullcontext()
        else:  # gradients are the sum of the devices', not their mean
            changes["learning_rates"] = np.full(STEPS, RATES[network] * devices, np.float32)
        results["mistaken"] = trainings.train("mistaken", dropout=dropout, **changes)
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
