"""Digests of a run's outputs: those that its dvc.lock has, and those of files and folders."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

# Seconds, the machine, and the page that shows them; all other outputs are promised to the byte.
NOT_PROMISED = ("timing/", "machine/", "reports")


def is_promised(name: str) -> bool:
    """Whether an output's bytes are promised."""
    return not name.startswith(NOT_PROMISED)


def parse_lock(content: bytes) -> dict[str, str]:
    """The digests of all outputs by name, from the content of a dvc.lock; a ValueError if it is damaged."""
    try:
        lock: Any = YAML(typ="safe").load(content)
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage["outs"]}
    except (YAMLError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def list_files(path: Path) -> list[Path]:
    """The files in a folder, relative to it; for a file, the empty path alone."""
    if not path.is_dir():
        return [Path()]
    return sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())


def hash_output(path: Path) -> str:
    """The digest that DVC gives a file, its md5, or a folder: the md5 of its list of files, and `.dir`.

    A place where nothing is has the digest "none".
    """
    if path.is_dir():
        return hash_listing({file.as_posix(): hash_output(path / file) for file in list_files(path)})
    return hash_bytes(path.read_bytes()) if path.exists() else "none"


def hash_listing(digests: dict[str, str]) -> str:
    """The digest that DVC gives a folder, from those of its files by path in it."""
    entries = [{"md5": digest, "relpath": path} for path, digest in sorted(digests.items())]
    return f"{hash_bytes(json.dumps(entries).encode())}.dir"


def hash_bytes(content: bytes) -> str:
    """The digest that DVC gives a file's content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
