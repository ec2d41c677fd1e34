"""A data set of one's own in the workspace, as the first stage takes it."""

import pytest

from pipeline.cifar.layouts import FILE_LAYOUTS
from pipeline.settings.params import load_params
from pipeline.stages.download import download


@pytest.fixture
def download_files(workspace, write_params, write_archive):
    """Pack files of a layout, name them in params.yaml with other sections, and run `download`."""

    def run(files, layout="cifar10", validation_images=20, seed=0, label_noise=0.0, **sections):
        archive = workspace / "data.tar.gz"
        sha256 = write_archive(archive, files, FILE_LAYOUTS[layout].folder)
        write_params(
            download={"dataset": "custom", "layout": layout, "url": archive.as_uri(), "sha256": sha256},
            preprocess={"validation_images": validation_images, "seed": seed, "label_noise": label_noise},
            **sections,
        )
        download(load_params())

    return run
