"""Runs whose machine is gone: Prefect's documented automation, by which the server says that they crashed."""

from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

NAME = "runs whose machine is gone"
HEARTBEAT_SECONDS = 30  # the least that Prefect allows
# What a run of a deployment is given.
HEARTBEAT = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}


def watch_runs() -> None:
    """Have the server say of a run that it crashed, when three of its heartbeats have not come."""
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    trigger = EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        expect={"prefect.flow-run.heartbeat", *ends},
        match={"prefect.resource.id": ["prefect.flow-run.*"]},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=3 * HEARTBEAT_SECONDS),
    )
    action = ChangeFlowRunState(
        name=None, state=StateType.CRASHED, message="its machine is gone: no heartbeat", force=False
    )
    automation: Any = Automation(name=NAME, trigger=trigger, actions=[action])
    try:
        known: Any = Automation.read(name=NAME)
    except ValueError:  # there is none
        automation.create()
    else:
        automation.id = known.id
        automation.update()
