"""Every model by the name that the store keeps; a new one is one line here."""

from __future__ import annotations

from mainspring.models.contract import Model
from mainspring.models.deployment.model import DEPLOYMENT
from mainspring.models.machine.model import MACHINE
from mainspring.models.process.model import PROCESS
from mainspring.models.schedule.model import SCHEDULE
from mainspring.models.task import TASK
from mainspring.models.workflow import WORKFLOW

MODELS: dict[str, Model] = {model.name: model for model in (WORKFLOW, TASK, MACHINE, SCHEDULE, PROCESS, DEPLOYMENT)}
