"""The outputs of a recorded run as files with digests, whether DVC's cache has them or git."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from dvc.repo import Repo
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import InputError

LOCK = "dvc.lock"
# Seconds, the machine, and the page that shows them; all other outputs are promised to the byte.
NOT_PROMISED = ("timing/", "machine/", "reports")


class Recorded(NamedTuple):
    """An output of the record, or a file of one: the digest that DVC gives it, and where its bytes are if anywhere."""

    digest: str
    path: Path


def set_record_aside(clone: Path, cache: Path) -> tuple[list[str], dict[str, Recorded]]:
    """Take what git has of a run's outputs out of the way in its clone, and find the others in a cache.

    Returns:
        The outputs' names, and what is recorded by name: files, and folders whose list of files the cache lacks.
    """
    recorded: dict[str, Recorded] = {}
    with Repo(str(clone)) as repo:
        outputs = {Path(out.fs_path).relative_to(clone).as_posix(): out for out in repo.index.outs}
    for name, out in outputs.items():
        if out.use_cache and out.hash_info:
            recorded |= list_cached(name, out.hash_info.value, cache)
        elif (path := clone / name).exists():
            aside = clone / ".record" / name
            aside.parent.mkdir(parents=True, exist_ok=True)
            path.replace(aside)
            recorded |= {
                (Path(name) / file).as_posix(): Recorded(hash_output(aside / file), aside / file)
                for file in list_files(aside)
            }
    return list(outputs), recorded


def list_cached(name: str, digest: str, cache: Path) -> dict[str, Recorded]:
    """The files of an output that a cache holds; the output as a whole where it is a file or its list is not there."""
    path = find_cached(digest, cache)
    if not digest.endswith(".dir") or not path.exists() or f"{hash_output(path)}.dir" != digest:
        return {name: Recorded(digest, path)}
    entries = json.loads(path.read_text())
    return {f"{name}/{entry['relpath']}": Recorded(entry["md5"], find_cached(entry["md5"], cache)) for entry in entries}


def find_cached(digest: str, cache: Path) -> Path:
    """Where a cache would hold the bytes of a digest."""
    return cache / "files/md5" / digest[:2] / digest[2:]


def is_promised(name: str) -> bool:
    """Whether an output's bytes are promised."""
    return not name.startswith(NOT_PROMISED)


def read_lock(path: Path) -> dict[str, str]:
    """The digests of all outputs by name, as a dvc.lock has them.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    try:
        text = path.read_text()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} requires a file as DVC writes it. Received: {error}") from error
    return parse_lock(text, str(path))


def parse_lock(text: str, source: str) -> dict[str, str]:
    """As `read_lock`, of a file's text; `source` names it in error messages."""
    try:
        content: Any = YAML(typ="safe").load(text)
        outputs = [out for stage in content["stages"].values() for out in stage["outs"]]
        return {out["path"]: out["md5"] for out in outputs}
    except (ValueError, YAMLError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{source} requires a file as DVC writes it. Received: {' '.join(str(error).split())}"
        ) from error


def list_files(path: Path) -> list[Path]:
    """The files in a folder, relative to it; for a file, the empty path alone."""
    if not path.is_dir():
        return [Path()]
    return sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())


def hash_output(path: Path) -> str:
    """The digest that DVC gives a file, its md5, or a folder: the md5 of its list of files, and `.dir`."""
    if path.is_dir():
        entries = [{"md5": hash_output(path / file), "relpath": file.as_posix()} for file in list_files(path)]
        ordered = sorted(entries, key=lambda entry: entry["relpath"])
        return hashlib.md5(json.dumps(ordered).encode(), usedforsecurity=False).hexdigest() + ".dir"
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
