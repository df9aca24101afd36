"""Instances, nodes and times as JSON, the same in every command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from mainspring.cli.commands import UsageError
from mainspring.instance import Info
from mainspring.models.contract import Failure, NodeView


def info_json(info: Info) -> dict[str, Any]:
    return {
        "id": info.id,
        "model": info.model,
        "definition": info.definition,
        "version": info.version,
        "status": info.status,
        "parent": info.parent,
        "parent_key": info.parent_key,
        "priority": info.priority,
        "attributes": info.attributes,
        "created_at": info.created_at.isoformat(),
        "ended_at": None if info.ended_at is None else info.ended_at.isoformat(),
        "output": info.output,
        "failure": failure_json(info.failure),
        "reason": info.reason,
    }


def failure_json(failure: Failure | None) -> Any:
    return None if failure is None else msgspec.to_builtins(failure)


def node_json(node: NodeView, times: tuple[float, float] | None) -> dict[str, Any]:
    started_at, finished_at = times or (None, None)
    return {
        "key": node.key,
        "kind": node.kind,
        "status": node.status,
        "parents": list(node.parents),
        "total": node.total,
        "completed": node.completed,
        "failed": node.failed,
        "failure": failure_json(node.failure),
        "started_at": instant_json(started_at),
        "finished_at": instant_json(finished_at),
    }


def instant_json(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()


def parse_word(text: str) -> Any:
    """JSON where it is JSON, text otherwise."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def read_attributes(words: list[str] | None) -> dict[str, Any]:
    """`--attribute name=value`, as often as it was given."""
    attributes = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} is no attribute; write --attribute name=value")
        attributes[name] = parse_word(value)
    return attributes
