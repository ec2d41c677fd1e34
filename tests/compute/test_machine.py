import getpass
import json
import platform
import socket

from pipeline.compute.machine import describe_machine, select_defining


def test_it_tells_what_arithmetic_depends_on(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("HOME_OF_SOMEBODY", "secret")
    machine = describe_machine("CPU, 2 threads", {"numpy": "1"}, portable=False)
    assert machine["environment"]["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert {"cpu_flags", "system", "environment"} <= set(select_defining(machine))
    assert set(select_defining(machine | {"kernels": "portable"})) == {"device", "kernels", "libraries"}
    assert (machine["device"], machine["libraries"]) == ("CPU, 2 threads", {"numpy": "1"})
    if platform.machine() == "x86_64" and platform.system() == "Linux":
        assert "sse2" in machine["cpu_flags"]
        assert machine["gpu_driver"] is None or "NVRM" in machine["gpu_driver"]


def test_it_names_no_host_and_no_user_and_is_the_same_each_time(monkeypatch):
    monkeypatch.setenv("HOME_OF_SOMEBODY", "secret")
    text = json.dumps(describe_machine("CPU", {}, portable=True))
    assert "secret" not in text
    assert socket.gethostname() not in text
    assert getpass.getuser() not in text
    assert json.dumps(describe_machine("CPU", {}, portable=True)) == text
