"""Download an archive over http or https."""

import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from pipeline.errors import InputError, PassingError

CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 30
ATTEMPTS = 6
BACK_OFF_SECONDS = 1.0  # doubled after each attempt
PASSING_STATUSES = {408, 425, 429, 500, 502, 503, 504}
MAX_ARCHIVE_BYTES = 1 << 30  # its content may have half of that


def download_archive(url: str, target: Path) -> None:
    """Download to `target`, going on from an earlier attempt's `<target>.part`, with retries and progress.

    Raises:
        InputError: the server refuses, leads astray, or sends more than any archive has.
        PassingError: the transfer breaks on every attempt; what has arrived is kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _transfer(url, part)
        except (requests.RequestException, urllib3.exceptions.HTTPError, PassingError) as error:
            if attempt == ATTEMPTS:
                raise PassingError(
                    f"{url} requires a complete transfer in {ATTEMPTS} attempts. Received: {_reason(error)}"
                ) from error
            wait = BACK_OFF_SECONDS * 2 ** (attempt - 1)
            tqdm.write(f"{url}: {_reason(error)}; attempt {attempt + 1} of {ATTEMPTS} in {wait:.0f} s")
            time.sleep(wait)
        else:
            part.replace(target)
            return


def _request(url: str, start: int) -> requests.Response:
    headers = {"Range": f"bytes={start}-"} if start else {}
    # Encodings would make lengths and ranges mean something else than the file's bytes.
    headers["Accept-Encoding"] = "identity"
    try:
        return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except (requests.TooManyRedirects, ValueError) as error:  # what is wrong with an address, also a redirect's
        raise InputError(
            f"{url} requires http or https to where an archive lies. Received: {_reason(error)}"
        ) from error


def _transfer(url: str, part: Path) -> None:
    """Append to `part` what it still lacks."""
    start = part.stat().st_size if part.exists() else 0
    with _request(url, start) as response:
        if response.status_code == 416 and response.headers.get("Content-Range") == f"bytes */{start}":
            return
        if response.status_code in PASSING_STATUSES:
            raise PassingError(f"HTTP status {response.status_code}")
        if response.status_code == 416:
            part.unlink()
            raise PassingError("a range that the server does not have; starting over")
        if response.status_code not in (200, 206):
            raise InputError(f"{url} requires HTTP status 200. Received: {response.status_code} {response.reason}")
        if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise PassingError(f"another range than asked for: {response.headers.get('Content-Range')}")
        start = start if response.status_code == 206 else 0
        length = response.raw.length_remaining
        total = None if length is None else start + length
        with (
            part.open("ab" if start else "wb") as file,
            tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=part.stem) as progress,
        ):
            # The bytes as sent: a server that calls a .gz file an encoding does not get it decoded.
            for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
                progress.update(len(chunk))
                if file.tell() > MAX_ARCHIVE_BYTES:
                    part.unlink()
                    raise InputError(f"{url} requires at most {MAX_ARCHIVE_BYTES} bytes. Received: more")
    size = part.stat().st_size
    if total is not None and size != total:
        raise PassingError(f"{size} of {total} bytes")


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
