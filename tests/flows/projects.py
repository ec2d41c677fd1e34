"""Copies of this project whose runs are short."""

import fcntl
import os
import shutil
from pathlib import Path

import numpy as np

from execution.guard import find_processes
from execution.open_clone import CLONES
from tests.tiny_repository import PROMISED, Repository, load_yaml, write_tiny_params

GRAPH = """
stages:
  first: {cmd: echo >> "$RUN_TOLD/first"; touch first.txt, deps: [hold.sh], outs: [first.txt]}
  hold: {cmd: sh hold.sh, deps: [first.txt, hold.sh], outs: [held.txt]}
"""
# Three processes that do not end when asked to: one in a session of its own, one whose parent has ended.
HOLD = """
if [ -e "$RUN_TOLD/released" ]; then touch held.txt; exit; fi
trap '' TERM INT HUP
setsid sleep 1000 &
(sleep 1000 &)
touch "$RUN_TOLD/ready"
until [ -e "$RUN_TOLD/released" ]; do sleep 1; done
touch held.txt
"""
MEASURED = """
stages:
  tfrecords: {cmd: sh tfrecords.sh, params: [preprocess], deps: [tfrecords.sh], outs: [data/tfrecords]}
  train:
    matrix: {network: "${networks}"}
    cmd: sh train.sh ${item.network} ${model.learning} ${train.seed}
    params: [model, train]
    deps: [train.sh, data/tfrecords]
    outs:
      - models/${item.network}
      - timing/${item.network}.json: {cache: false}
      - machine/${item.network}.json: {cache: false}
      - history/${item.network}.csv: {cache: false}
  evaluate:
    matrix: {network: "${networks}"}
    cmd: sh evaluate.sh ${item.network} ${model.learning} ${train.seed}
    params: [model]
    deps: [evaluate.sh, "models/${item.network}"]
    outs:
      - details/${item.network}.json: {cache: false}
      - predictions/${item.network}.csv
      - predictions/${item.network}.npy
      - masks/${item.network}.npz
    metrics: ["metrics/${item.network}.json": {cache: false}]
"""
SCRIPTS = {
    "tfrecords": "mkdir -p data/tfrecords && echo images > data/tfrecords/shard",
    "train": """
echo "$2 $3" >> "$RUN_TOLD/trained"
[ "$3" != 99 ] || exit 1
while [ -e "$RUN_TOLD/hold" ]; do sleep 1; done
for folder in timing machine history; do mkdir -p $folder; cp recorded/$folder/$1.* $folder; done
mkdir -p models/$1 && cat data/tfrecords/shard > models/$1/model && echo "$@" >> models/$1/model
""",
    "evaluate": """
for folder in details predictions masks; do mkdir -p $folder; cp recorded/$folder/$1.* $folder; done; mkdir -p metrics
error=$((10 + $3)); [ "$2" = arl ] || error=$((error + 3 + $3))
echo '{"test_error_percent": '$error'.0, "train_error_percent": 1.0, "validation_error_percent": 2.0}' > metrics/$1.json
""",
}


class Project(Repository):
    """A copy whose clones are known, and what machines may share of it."""

    def find_clones(self):
        folder = self.folder / CLONES
        return list(folder.iterdir()) if folder.exists() else []

    def find_reference(self, name):
        """The git reference of an experiment."""
        references = self.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
        return next(reference for reference in references if reference.endswith(f"/{name}"))

    def share(self, folder):
        """Make an origin, and name a DVC remote."""
        self.run("git", "clone", "--quiet", "--bare", ".", str(folder / "origin.git"))
        self.origin, self.remote = f"file://{folder}/origin.git", str(folder / "remote")


class TinyProject(Project):
    """With a recipe `tiny`, whose stages take seconds."""

    def __init__(self, folder, home):
        super().__init__(folder, home)
        self.copy_project()
        recipe = self.folder / "recipes/tiny.yaml"
        shutil.copyfile(self.folder / "recipes/demo.yaml", recipe)
        write_tiny_params(recipe)
        self.commit("with a tiny recipe")

    def is_training(self):
        processes = [process for clone in self.find_clones() for process in find_processes(str(clone))]
        return any("pipeline.stages.train" in process.cmdline() for process in processes)


class HeldProject(Project):
    """With two stages, shell commands: `first`, and `hold`, which goes on until it is released.

    All that a run starts has RUN_TOLD in its environment: a folder that tells how far the run is.
    """

    def __init__(self, folder):
        super().__init__(folder / "project", folder)
        self.folder.mkdir()
        self.token = folder / "token"
        self.token.mkdir()
        self.env["RUN_TOLD"] = str(self.token)
        self.copy_project()
        (self.folder / "dvc.yaml").write_text(GRAPH)
        (self.folder / "dvc.lock").unlink()
        (self.folder / "hold.sh").write_text(HOLD)
        self.commit("stages that are shell commands")

    def is_held(self):
        """Whether a run is at its stage `hold`; said once for each run."""
        try:
            (self.token / "ready").unlink()
        except FileNotFoundError:
            return False
        return True

    def count_first(self):
        """How often the stage `first` was run."""
        return len((self.token / "first").read_text().splitlines())

    def release(self):
        (self.token / "released").touch()

    def find_processes(self):
        """The processes that have the token, by what the system says of them."""
        found = set()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"RUN_TOLD={self.token}\0".encode() in environ.read_bytes():
                    found.add(int(environ.parent.name))
            except OSError:  # it has ended
                continue
        return found

    def find_held_locks(self):
        """The lock files of flows that some process holds."""
        return [path for path in (self.folder / CLONES).parent.rglob("*") if path.is_file() and not is_free(path)]


class MeasuredProject(Project):
    """With the demo's recipe, and stages `tfrecords`, `train` and `evaluate` that are shell commands.

    A training tells its learning and seed in a file `trained`, and goes on while there is a file `hold`.
    """

    def __init__(self, folder):
        super().__init__(folder / "project", folder)
        self.folder.mkdir()
        self.told = folder / "told"
        self.told.mkdir()
        self.env["RUN_TOLD"] = str(self.told)
        self.copy_project()
        for name in ("timing", "machine", "history", "details"):
            shutil.move(self.folder / name, self.folder / "recorded" / name)
        shutil.rmtree(self.folder / "metrics")
        for network in ("attention-56", "attention-92"):
            write_evaluation(self.folder / "recorded", network)
        for recipe in (self.folder / "recipes").iterdir():
            if recipe.stem != "demo":
                recipe.unlink()
        (self.folder / "dvc.yaml").write_text(MEASURED)
        (self.folder / "dvc.lock").unlink()
        for name, script in SCRIPTS.items():
            (self.folder / f"{name}.sh").write_text(script)
        self.commit("stages that are shell commands")

    def hold(self):
        (self.told / "hold").touch()

    def release(self):
        (self.told / "hold").unlink()

    def list_trained(self):
        """The learnings and seeds of all trainings, in their order."""
        trained = self.told / "trained"
        return trained.read_text().splitlines() if trained.exists() else []


def write_evaluation(folder, network):
    """Predictions of ten images, two of them wrong, their probabilities, and a mask."""
    rows = [f"{index},disc,{'ring' if index < 2 else 'disc'},0.5" for index in range(10)]
    for name in ("predictions", "masks"):
        (folder / name).mkdir(exist_ok=True)
    (folder / f"predictions/{network}.csv").write_text("\n".join(["index,actual,predicted,probability", *rows]) + "\n")
    np.save(folder / f"predictions/{network}.npy", np.full((10, 2), 0.5))
    np.savez(folder / f"masks/{network}.npz", mask=np.ones(3))


def read_digests(lock):
    """What a dvc.lock says of the outputs whose bytes are promised."""
    outs = [out for stage in load_yaml(lock)["stages"].values() for out in stage["outs"]]
    return {out["path"]: out["md5"] for out in outs if out["path"].startswith(PROMISED)}


def is_free(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
