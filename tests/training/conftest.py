import pytest

from tests.training import tiny_training


@pytest.fixture(scope="session")
def make_run():
    return tiny_training.make_run


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    """Train the tiny network; without a folder, from its initial weights."""

    def run_training(run, folder=None, **settings):
        return tiny_training.train(run, folder or tmp_path_factory.mktemp("checkpoints"), **settings)

    return run_training


@pytest.fixture(scope="session")
def uninterrupted(make_run, train):
    """Weights and outcome of a run that nothing breaks off."""
    return train(make_run())
