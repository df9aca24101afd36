"""The workflow of the demo."""

from __future__ import annotations

from mainspring import Workflow
from mainspring.demo import tasks
from mainspring.demo.tasks import REPORT

__all__ = ["NAME", "REPORT", "YEARS", "demo_workflow"]

NAME = "time-zones"
YEARS = 5
"""Walked through hour by hour in each zone: 26 million hours in all, 15 to 30 seconds on two cores."""


def demo_workflow() -> Workflow:
    """Read the list of zones, measure each, join by region and for the world, and write a report."""
    workflow = Workflow(NAME, description="The time zones of the world, measured from the tz database")
    folder = workflow.input("folder", str)
    years = workflow.input("years", int, YEARS)
    zones = workflow.add(tasks.find_zones)
    leap_years = workflow.add(tasks.ask_observatory, priority=1)
    statistics = workflow.map(tasks.measure, zones, years)
    groups = workflow.add(tasks.group, statistics)
    regions = workflow.map(tasks.summarise, groups)
    world = workflow.add(tasks.compare, statistics)
    changes = workflow.add(tasks.tell_changes, world, when=(tasks.some_changed_recently, world))
    calm = workflow.add(tasks.tell_calm, world, when=(tasks.none_changed_recently, world))
    report = workflow.add(tasks.write_report, folder, world, regions, leap_years, changes, calm, rule="none_failed")
    workflow.output(report)
    return workflow
