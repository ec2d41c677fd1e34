"""Runs whose machine is gone: automations of Prefect's, by which the server says how they ended.

The first is the one that Prefect documents for runs that have begun; the second is for those that a worker had taken.
The third is for those that are to be cancelled, of which a server believes nothing but that they were.
"""

from datetime import timedelta
from typing import Any

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

HEARTBEAT_SECONDS = 30  # the least that Prefect allows
START_SECONDS = 600  # for an image to be pulled, too
CANCELLING_SECONDS = 300  # a run's end, and its worker's word of it, take less
# What a run of a deployment is given.
HEARTBEAT = {"env": {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS)}}
# Of the deployments whose runs are watched: a server may have others, whose runs have another frequency or none.
TAG = "watched"
ENDS = {"Completed", "Failed", "Cancelled", "Crashed"}
BEGINNINGS = {"Running", "Scheduled", "AwaitingRetry", "AwaitingConcurrencySlot"}


def watch_runs() -> None:
    """Have the server say how a run ended, when its machine does not go on with it.

    It crashed when three of its heartbeats have not come, or when it has not begun ten minutes after a worker took it;
    it was cancelled when nobody has said so five minutes after it was to be.
    """
    beats, begun = {"heartbeat"}, BEGINNINGS | ENDS
    watch("runs whose machine is gone", beats, beats | ENDS, 3 * HEARTBEAT_SECONDS, StateType.CRASHED, "no heartbeat")
    watch("runs that do not begin", {"Pending", "Submitting"}, begun, START_SECONDS, StateType.CRASHED, "not begun")
    watch("runs that are not cancelled", {"Cancelling"}, ENDS, CANCELLING_SECONDS, StateType.CANCELLED, "not ended")


def watch(name: str, after: set[str], expected: set[str], seconds: int, state: StateType, reason: str) -> None:
    """Make or renew an automation: what it expects after an event of a run has to come within seconds.

    Args:
        name: of the automation.
        after: events of a run, each of which begins the time.
        expected: events that end it.
        seconds: of which one must come.
        state: in which the run ends where none does.
        reason: of that.
    """
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
    action = ChangeFlowRunState(name=None, state=state, message=message, force=False)
    automation: Any = Automation(name=name, trigger=trigger, actions=[action])
    try:
        known: Any = Automation.read(name=name)
    except ValueError:  # there is none
        automation.create()
    else:
        automation.id = known.id
        automation.update()
