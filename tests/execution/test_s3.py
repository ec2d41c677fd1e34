"""The DVC remote in S3, by moto's server, which goes away and comes back."""

import time

import boto3
import pytest

from execution.open_clone import open_clone
from execution.origin import bring_commit, list_experiments
from execution.places import UnreachableError
from tests.s3_server import serve_s3

SECONDS = 3


@pytest.fixture(scope="module")
def served():
    with serve_s3() as served:
        yield served


@pytest.fixture
def server(served):
    return served[0]


@pytest.fixture
def s3(served, small_repository, monkeypatch):
    """A bucket, as the environment of a machine tells of it, and what is in it."""
    for name, value in served[1].items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="runs")

    def list_keys(prefix=""):
        found = client.list_objects_v2(Bucket="runs", Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    yield list_keys
    for key in list_keys():
        client.delete_object(Bucket="runs", Key=key)
    client.close()


@pytest.fixture
def on_s3(machines, s3):
    return [machine._replace(remote="s3://runs/remote") for machine in machines]


def test_a_checkpoint_reaches_another_machine_until_the_stage_is_pushed(on_s3, head, parameters, s3, tmp_path):
    file = tmp_path / "mine/training/step-000000002.checkpoint"
    file.parent.mkdir(parents=True)
    for machine in on_s3:
        bring_commit(machine, head)
    one, two = on_s3
    with open_clone(one.repository, head, remote=one.remote) as clone:
        clone.prepare(parameters())
        for step in (1, 2):
            file = file.with_name(f"step-00000000{step}.checkpoint")
            file.write_text(f"state {step}")
            clone.ask_remote("keep", "first", file)
        assert [key.rpartition("/")[2] for key in s3("remote/checkpoints")] == [file.name]
        with open_clone(two.repository, head, remote=two.remote) as other:
            other.prepare(parameters())
            other.ask_remote("take", "first", tmp_path / "others")
        assert (tmp_path / "others/training" / file.name).read_text() == "state 2"
        clone.run_stage("first", print)
        clone.push_stage("first")
    assert s3("remote/checkpoints") == []


def test_what_a_server_that_is_down_does_not_take_is_kept_and_named_and_one_that_is_back_is_asked_again(
    on_s3, run, server, tmp_path
):
    one, two = on_s3
    command = f"env >> {tmp_path}/env; echo hello > first.txt"
    attempts = []

    def stop_before(step):
        return lambda name: server.stop() if name == step else None

    def try_again(step, show):
        """As the flow does, after seconds."""
        try:
            return step(show)
        except UnreachableError as error:
            attempts.append(str(error))
            time.sleep(SECONDS)
            server.start()
            return step(show)

    with pytest.raises(UnreachableError, match=r"none that took .*first.* the same run again pushes them"):
        run(one, stop_before("push first"), command=command)
    server.start()
    assert list_experiments(one) == {}

    assert "first" not in run(one, stop_before("push last"), try_again, command=command)
    assert len(attempts) == 1
    assert list(list_experiments(one)) == ["mine"]
    assert run(two, command=command) == []
    assert "pa55word" not in (tmp_path / "env").read_text()
