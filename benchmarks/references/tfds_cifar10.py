"""CIFAR-10 as TensorFlow Datasets prepares it, with no network: `python tfds_cifar10.py ARCHIVE DATA_DIR`.

Runs in an environment of its own, benchmarks/requirements-tfds.lock.
"""

import sys
from pathlib import Path

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import resource


def main(archive: Path, data_dir: Path) -> None:
    """Write the data set's TFRecords to a new folder."""
    builder = tfds.builder("cifar10", data_dir=data_dir)
    ((url, info),) = builder.url_infos.items()
    # As if it had been downloaded. The name has the digest; what it is the name of is not hashed again.
    cached = data_dir / "downloads/cifar10" / resource.get_dl_fname(url, info.checksum)
    cached.parent.mkdir(parents=True)
    cached.symlink_to(archive)
    resource.write_info_file(url, cached, "cifar10", archive.name, info)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
