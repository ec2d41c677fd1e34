"""A repository with this project's files and parameters that take seconds, for tests that run real DVC."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.cifar.layouts import FILE_LAYOUTS, encode_records
from pipeline.cifar.synthetic import draw_images

ROOT = Path(__file__).parents[1]
NETWORK = "attention-mini"
PROMISED = (
    *("data/raw", "data/prepared", "data/tfrecords", "models"),
    *("metrics", "details", "predictions", "masks", "history"),
)
TRAIN_IMAGES, TEST_IMAGES = 100, 40


def wait_until(condition, seconds=20, tell=lambda: "it did not come about"):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, tell()
        time.sleep(0.05)


def load_yaml(text):
    return YAML(typ="safe").load(text)


def synthetic_digest():
    layout = FILE_LAYOUTS["cifar10"]
    lines = ""
    for stream, name in enumerate(layout.data_files):
        count = TEST_IMAGES if name in layout.test_files else TRAIN_IMAGES // 5
        lines += f"{hashlib.sha256(encode_records(*draw_images(count, stream))).hexdigest()}  {name}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def write_tiny_params(path):
    yaml = YAML()
    params = yaml.load(path)
    params["networks"] = [NETWORK]
    params["download"].update(train_images=TRAIN_IMAGES, test_images=TEST_IMAGES, sha256=synthetic_digest())
    params["preprocess"]["validation_images"] = 20
    params["tfrecords"]["images_per_shard"] = 30
    params["model"].update(width=0.0625, dropout=0.2)
    params["train"].update(epochs=3, batch_size=20)
    params["evaluate"]["batch_size"] = 20
    yaml.dump(params, path)


class Repository:
    """A repository with this project's files, and the commands that a user types in it."""

    def __init__(self, folder, home):
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(home),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            **{f"GIT_{role}_{key}": "nobody" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
        }

    def enter(self, patch):
        """Give this process the environment of the commands, until the patch is undone."""
        for name, value in self.env.items():
            patch.setenv(name, value)

    def run(self, *command, check=True):
        result = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert not check or result.returncode == 0, result.stdout[-3000:]
        return result.stdout

    def start(self, *command, **options):
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL, **options)

    def read(self, name):
        return (self.folder / name).read_bytes()

    def hash_outputs(self):
        """The digest of each file whose bytes are promised."""
        files = [file for name in PROMISED for file in sorted((self.folder / name).rglob("*")) if file.is_file()]
        return {str(file.relative_to(self.folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    def copy_project(self, backwards=False):
        """Bring in this project's files, as git would list them or the last one first, and begin a history.

        But for what is published: nothing that runs reads it, and it is most of the bytes.
        """
        command = ["git", "ls-files", "-co", "--exclude-standard", "--", ".", ":!results"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        for name in sorted(listed.stdout.splitlines(), reverse=backwards):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.folder / name)
        self.run("git", "init", "--quiet", "--initial-branch=main")

    def commit(self, message):
        self.run("git", "add", "--all")
        author = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
        self.run("git", *author, "commit", "--quiet", "--allow-empty", f"--message={message}")
