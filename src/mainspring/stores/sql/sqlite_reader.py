"""The statements of the SQLite reader: each has a name and one line of purpose."""

from __future__ import annotations

from mainspring.stores.sql.sqlite_public_id import ID, IDS

INSTANCE = (
    "select instance.id, instance.public_id, definition.model, definition.name, definition.version, instance.status,"
    " (select above.public_id from instance as above where above.id = instance.parent), instance.priority,"
    " instance.attributes, instance.created_at, instance.ended_at, instance.output, instance.error, instance.reason,"
    " instance.parent_key from instance join definition on definition.id = instance.definition"
)
FIND_INSTANCE = f"{INSTANCE} where instance.id = {ID}"
FIND_END = (
    "select id, public_id, status, output, error, reason from instance"
    f" where id = {ID} and status in ('completed', 'failed', 'cancelled')"
)
FIND_ENDS = (
    "select id, public_id, status, output, error, reason from instance"
    f" where id in {IDS} and status in ('completed', 'failed', 'cancelled')"
)
LIST_INSTANCES = f"{INSTANCE} where {{conditions}} order by instance.id desc limit :limit"
COUNT_WANTED = (
    "select instance.status, count(*) from instance join definition on definition.id = instance.definition"
    " where {conditions} group by instance.status"
)
LIST_CHILDREN = f"{INSTANCE} where instance.parent = ? and not instance.detached order by instance.id"

USUAL = frozenset({"running", "completed"})
"""Statuses of nearly all instances; an index finds the others, for a statement that says `unusual` besides."""

CONDITIONS = {
    "before": "instance.id < :before",
    "status": "instance.status in (select value from json_each(:status))",
    "unusual": "instance.status <> 'running' and instance.status <> 'completed'",
    "definition": "definition.name = :definition",
    "model": "definition.model = :model",
    "without": "definition.model not in (select value from json_each(:without))",
    "since": "instance.created_at >= :since",
    "parent": "(instance.parent is null or instance.detached)",
}
ATTRIBUTE = "json_extract(instance.attributes, {path}) is json_extract({value}, '$')"

LIST_ENTRIES = (
    "select instance, seq, at, kind, event, decisions from journal where instance = ? and seq > ? order by seq limit ?"
)
FIND_SNAPSHOT = "select seq, state from snapshot where instance = ?"
LIST_TASKS = (
    "select task.key, capability.handler, task.priority, task.ready_at, task.attempt,"
    " coalesce(task.owner, 0) > 0, coalesce(task.owner, 1) = 0, task.leased_at, task.progress, worker.name,"
    " task.capability, capability.queue, capability.requires, capability.executor, coalesce(task.group_key, '')"
    " from task join capability on capability.id = task.capability left join worker on worker.id = task.owner"
    " where task.instance = ? order by task.leased_at is null, task.leased_at, task.ready_at limit ?"
)
LIST_HOLDERS = (
    "select instance.public_id, task.key, coalesce(task.group_key, ''), coalesce(worker.name, ''), task.leased_at"
    " from task join capability on capability.id = task.capability join instance on instance.id = task.instance"
    " left join worker on worker.id = task.owner where capability.queue = ? and task.owner > 0"
    " order by task.leased_at, task.instance, task.key limit ?"
)
LIST_EVENTS = "select key, kind, ready_at from event where instance = ? order by ready_at"
LIST_SUBSCRIPTIONS = (
    "select instance.public_id, subscription.key, subscription.name, subscription.match, subscription.data,"
    " subscription.opened_at from subscription join instance on instance.id = subscription.instance"
    " where {conditions} order by subscription.opened_at, subscription.instance, subscription.key limit :limit"
)
LIST_LOGS = "select key, attempt, at, level, message from log where instance = ? order by rowid limit ?"
LIST_WORKERS = (
    "select id, name, host, process, started_at, lease_until, renewed_at, slots, completed, failed,"
    " (select count(*) from task where owner = worker.id), offer from worker order by id"
)
LIST_NEEDS = (
    "select capability.id, capability.handler, capability.queue, capability.requires, capability.executor,"
    " count(*), min(task.ready_at)"
    " from task join capability on capability.id = task.capability where task.owner is null"
    " group by capability.id order by capability.id"
)
TOLD_QUEUES = "select name, settings, tokens, filled_at from queue order by name"
COUNT_QUEUES = (
    "select capability.queue, count(*) filter (where coalesce(task.owner, 0) = 0),"
    " count(*) filter (where task.owner > 0)"
    " from task join capability on capability.id = task.capability group by capability.queue"
)
COUNT_AHEAD = (
    "select count(*) from task where owner is null and ready_at <= :now"
    " and capability in (select id from capability where queue = :queue)"
    " and (priority > :priority or (priority = :priority and ready_at < :ready_at))"
)
LIST_TIMES = (
    "select capability.handler, capability.queue, times.capability, times.completed, times.failed, times.waiting,"
    " times.running from times join capability on capability.id = times.capability"
    " order by capability.handler, capability.queue, capability.id"
)
FIND_DEFINITION = (
    "select id, model, name, version, digest, document from definition"
    " where name = :name and (:version is null or version = :version) and (:model is null or model = :model)"
    " order by version desc limit 1"
)
LIST_DEFINITIONS = "select distinct model, name from definition order by name, model"
DEFINITION_OF = (
    "select id, model, name, version, digest, document from definition"
    " where id = (select definition from instance where id = ?)"
)

# --- Health -----------------------------------------------------------------------------------

COUNT_INSTANCES = "select status, count(*) from instance group by status"
COUNT_ENTRIES = "select count(*) from journal"
COUNT_TASKS = "select count(*) filter (where owner is null), count(*) filter (where owner > 0) from task"
COUNT_EVENTS = "select count(*) from event"
STUCK = (
    # Deployments wait for nothing.
    "select public_id from instance where status in ('created', 'running')"
    " and definition not in (select id from definition where model = 'deployment')"
    " and not exists (select 1 from task where task.instance = instance.id"
    "  and (coalesce(task.owner, 0) = 0 or task.owner in (select id from worker)))"
    " and not exists (select 1 from event where event.instance = instance.id)"
    " and not exists (select 1 from subscription where subscription.instance = instance.id)"
    " and not exists (select 1 from instance as child where child.parent = instance.id"
    "  and child.status in ('created', 'running', 'paused')) limit 20"
)
WAITING_LONG = (
    "select capability.handler, count(*) from task join capability on capability.id = task.capability"
    " where task.owner is null and task.ready_at < ? group by capability.handler order by 2 desc limit 20"
)
