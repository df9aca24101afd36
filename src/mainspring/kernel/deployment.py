"""What follows from a new version of a definition."""

from __future__ import annotations

from mainspring.kernel.definitions import Definition
from mainspring.kernel.gate import deployment_id
from mainspring.kernel.lifecycle import RUNNING
from mainspring.kernel.messages import admit
from mainspring.kernel.store import DefinitionRow, InstanceRow
from mainspring.kernel.turn import Turn
from mainspring.models.contract import Deployable, Started


def deploy(turn: Turn, deployable: Deployable) -> Definition:
    """The stored definition; where it is new, its keeper is told, and messages that wait for it begin instances."""
    added: list[tuple[DefinitionRow, Deployable]] = []
    definition = turn.hold.definitions.deploy(turn.hold.store, deployable, turn.now, added)
    for row, each in added:
        _tell(turn, row, each)
    return definition


def _tell(turn: Turn, row: DefinitionRow, deployable: Deployable) -> None:
    keeper, id = deployable.keeper, deployment_id(row.model, row.name)
    number = None if keeper is None else turn.find_id(id)
    if keeper is not None and number is not None:
        turn.deliver(number, keeper.news)
    elif keeper is not None and keeper.is_needed:
        definition = turn.hold.definitions.deploy(turn.hold.store, keeper.definition, turn.now)
        number = turn.next_instance_id()
        turn.add_instance(InstanceRow(number, id, definition.id, RUNNING, None, None, 0), definition, attributes=None)
        turn.begun[id] = number
        turn.deliver(number, Started(keeper.news.data))
    elif deployable.starts:
        admit(turn, row.model, row.name)
