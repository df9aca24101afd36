"""Statements that look for what is ready, and lease it: due events, and tasks that wait, in the order of the queue."""

from __future__ import annotations

DUE_EVENTS = (
    # The instance is locked first: whoever has it may be about to delete the event.
    "select event.instance, event.key, event.ready_at, event.kind, event.data"
    " from instance join event on event.instance = instance.id"
    " where event.ready_at <= %s and instance.definition != all(%s::integer[])"
    " order by event.ready_at, event.instance, event.key limit %s for no key update of instance, event skip locked"
)
NEXT_EVENT_AT = "select min(ready_at) from event"
NEXT_HOSTED_EVENT_AT = (
    "select event.ready_at from event join instance on instance.id = event.instance"
    " where instance.definition != all(%s::integer[]) order by event.ready_at limit 1"
)

_LEVELS = (
    # The priorities that wait, highest first: a seek for each, whatever the number of tasks.
    "with recursive level (priority) as ((select priority from task where capability = %(capability)s"
    " and owner is null{group} order by priority desc limit 1)"
    " union all select (select task.priority from task where task.capability = %(capability)s and task.owner is null"
    "{group} and task.priority < level.priority order by task.priority desc limit 1)"
    " from level where level.priority is not null)"
)
_SINCE = (
    # The same, known already, each with the place in its order from which on is looked.
    "with level (priority, ready_at, instance) as (select * from unnest(%(priorities)s::integer[],"
    " %(since)s::double precision[], %(instances)s::bigint[]))"
)
_AFTER = " and (task.ready_at, task.instance) >= (level.ready_at, level.instance)"
_WAITING = (
    "{levels} select next.priority, next.ready_at, next.instance, next.key, next.capability, next.attempt,"
    " next.token, next.timeout_s, next.payload, instance.public_id from level cross join lateral ("
    "select * from task where task.capability = %(capability)s and task.owner is null"
    "{group} and task.priority = level.priority and task.ready_at <= %(now)s{after}"
    " order by task.ready_at, task.instance, task.key limit %(limit)s for update skip locked) as next"
    " join instance on instance.id = next.instance"
)
_ALL = {"levels": _LEVELS.format(group=""), "group": "", "after": ""}
_OF_GROUP = " and task.queue is not null and task.group_key = %(group)s"
_ALL_OF_GROUP = {"levels": _LEVELS.format(group=_OF_GROUP), "group": _OF_GROUP, "after": ""}
WAITING_EACH = _WAITING.format(**_ALL)
WAITING_OF_GROUP = f"{_WAITING.format(**_ALL_OF_GROUP)} limit %(limit)s"
WAITING_EACH_OF_GROUP = _WAITING.format(**_ALL_OF_GROUP)

# How many entries of the index were walked over: the last row's number less the first's.  It counts those of deleted
# rows that somebody may still see.
_WALKED = "pg_stat_get_xact_tuples_returned('task_waiting'::regclass)"
_COUNTED = (
    f"select null, null, {_WALKED}, null, null, null, null, null, null, null union all ({{statement}})"
    f" union all select null, null, {_WALKED}, null, null, null, null, null, null, null"
)
WAITING, WAITING_SINCE = (
    _COUNTED.format(statement=f"{_WAITING.format(**parts)} limit %(limit)s")
    for parts in (_ALL, {"levels": _SINCE, "group": "", "after": _AFTER})
)
_GROUPS = (
    "with recursive found (name) as ((select group_key from task where capability = %(capability)s"
    " and queue is not null and owner is null and group_key {first} %(after)s order by group_key limit 1)"
    " union all select (select task.group_key from task where task.capability = %(capability)s"
    " and task.queue is not null and task.owner is null and task.group_key > found.name"
    " order by task.group_key limit 1) from found where found.name is not null)"
    " select name from found where name is not null limit %(limit)s"
)
FIRST_GROUPS = _GROUPS.format(first=">=")
NEXT_GROUPS = _GROUPS.format(first=">")
_NEXT_TASK_AT = (
    f"select null, {_WALKED} union all ({{levels}} select min(next.ready_at), null from level cross join lateral ("
    "select task.ready_at from task where task.capability = %(capability)s and task.owner is null"
    " and task.priority = level.priority and task.ready_at > %(now)s order by task.ready_at limit 1) as next)"
    f" union all select null, {_WALKED}"
)
NEXT_TASK_AT = _NEXT_TASK_AT.format(levels=_LEVELS.format(group=""))
NEXT_TASK_AT_OF = _NEXT_TASK_AT.format(
    levels="with level (priority) as (select * from unnest(%(priorities)s::integer[]))"
)
LEASE = (
    "update task set owner = %s, leased_at = %s, token = task.token + 1, attempt = task.attempt + 1, progress = null"
    " from unnest(%s::bigint[], %s::text[]) as taken (instance, key)"
    " where task.instance = taken.instance and task.key = taken.key"
)
