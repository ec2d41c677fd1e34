"""Runs whose machine is gone: automations of Prefect's, by which the server says that they crashed.

The first is the one that Prefect documents for runs that have begun; the second is for those that a worker had taken.
"""

from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

HEARTBEAT_SECONDS = 30  # the least that Prefect allows
START_SECONDS = 600  # for an image to be pulled, too
# What a run of a deployment is given.
HEARTBEAT = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}
# Of the deployments whose runs are watched: a server may have others, whose runs have another frequency or none.
TAG = "watched"
ENDS = {"Completed", "Failed", "Cancelled", "Crashed"}
BEGINNINGS = {"Running", "Scheduled", "AwaitingRetry", "AwaitingConcurrencySlot"}


def watch_runs() -> None:
    """Have the server say of a run that it crashed, when its machine does not go on with it.

    That is when three of its heartbeats have not come, or when it has not begun ten minutes after a worker took it.
    """
    beats = {"heartbeat"}
    watch("runs whose machine is gone", beats, beats | ENDS, 3 * HEARTBEAT_SECONDS, "no heartbeat")
    watch("runs that do not begin", {"Pending", "Submitting"}, BEGINNINGS | ENDS, START_SECONDS, "it did not begin")


def watch(name: str, after: set[str], expected: set[str], seconds: int, reason: str) -> None:
    """Make or renew an automation: what it expects after an event of a run has to come within seconds."""
    trigger = EventTrigger(
        after={f"prefect.flow-run.{event}" for event in after},
        expect={f"prefect.flow-run.{event}" for event in expected},
        match={"prefect.resource.id": ["prefect.flow-run.*"]},
        match_related={"prefect.resource.id": [f"prefect.tag.{TAG}"], "prefect.resource.role": "tag"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )
    message = f"its machine is gone: {reason}"
    action = ChangeFlowRunState(name=None, state=StateType.CRASHED, message=message, force=False)
    automation: Any = Automation(name=name, trigger=trigger, actions=[action])
    try:
        known: Any = Automation.read(name=name)
    except ValueError:  # there is none
        automation.create()
    else:
        automation.id = known.id
        automation.update()
