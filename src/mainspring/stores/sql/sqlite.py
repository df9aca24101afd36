"""The SQLite store's statements: each has a name and one line of purpose.  Lists travel as one JSON array."""

from __future__ import annotations

from mainspring.stores.sql.sqlite_public_id import IDS

# --- Writing, one statement per table ---------------------------------------------------------

INSERTS: tuple[tuple[str, str, int], ...] = (
    # (attribute of Changes, statement, columns), in the order that makes a turn's rows consistent
    (
        "instances",
        "insert into instance (id, public_id, definition, status, parent, parent_key, priority, attributes,"
        " created_at, group_key, detached) {rows}",
        11,
    ),
    ("journal", "insert into journal (instance, seq, at, kind, event, decisions) {rows}", 6),
    (
        "tasks",
        "insert into task (instance, key, capability, priority, ready_at, attempt, token, owner, leased_at, timeout_s,"
        " payload, queue, group_key) {rows}",
        13,
    ),
    ("logs", "insert into log (instance, key, attempt, at, level, message) {rows}", 6),
    ("snapshots", "insert or replace into snapshot (instance, seq, state) {rows}", 3),
)

UPDATES: tuple[tuple[str, str], ...] = (
    # (attribute of Changes, statement), after the inserts
    (
        "tasks_retried",
        "update task set ready_at = ?, owner = ?, leased_at = null, progress = null, lost_count = lost_count + ?"
        " where instance = ? and key = ?",
    ),
    (
        "tasks_freed",
        "update task set leased_at = null, attempt = attempt - 1,"
        " owner = (select 0 from instance where id = task.instance and status = 'paused')"
        " where instance = ? and key = ? and token = ? and owner > 0",
    ),
    ("progress", "update task set progress = ? where instance = ? and key = ?"),
    ("held", "update task set owner = 0 where instance = ? and owner is null"),
    ("released", "update task set owner = null where instance = ? and owner = 0"),
    ("statuses", "update instance set status = ?, ended_at = ?, output = ?, error = ?, reason = ? where id = ?"),
)

DELETE_TASKS = "delete from task where (instance, key) in ({rows})"
PUT_ONCE = "insert or replace into once (name, instance, until) values (?, ?, ?)"
PUT_EVENT = "insert or replace into event (instance, key, ready_at, kind, data) values (?, ?, ?, ?, ?)"
DELETE_EVENT = "delete from event where instance = ? and key = ?"
PUT_SUBSCRIPTION = (
    "insert or replace into subscription (instance, key, kind, name, match, data, opened_at)"
    " values (?, ?, ?, ?, ?, ?, ?)"
)
DELETE_SUBSCRIPTION = "delete from subscription where instance = ? and key = ?"
# Messages that came too late for their receiver are for others.
SWEEP = tuple(
    f"delete from {rows} instance = ?"
    for rows in ("task where", "event where kind <> 'Received' and", "subscription where")
)

# --- Sequences, definitions, capabilities -----------------------------------------------------

RESERVE = (
    "insert into sequence (name, next) values (:name, 1 + :count)"
    " on conflict (name) do update set next = next + :count returning next - :count"
)
FIND_DEFINITION = "select id, model, name, version, digest, document from definition where {column} = ?"
FIND_NEWEST = (
    "select id, model, name, version, digest, document from definition where model = ? and name = ?"
    " order by version desc limit 1"
)
ADD_DEFINITION = (
    "insert into definition (model, name, version, digest, document, created_at)"
    " select :model, :name, coalesce(max(version), 0) + 1, :digest, :document, :at"
    " from definition where model = :model and name = :name"
    " returning id, model, name, version, digest, document"
)
FIND_CAPABILITY = (
    "select id from capability where handler = ? and queue = ? and requires = ? and executor = ?"
    " and memory_max_mb = coalesce(?, 0)"
)
ADD_CAPABILITY = (
    "insert into capability (handler, queue, requires, executor, memory_max_mb)"
    " values (?, ?, ?, ?, coalesce(?, 0)) returning id"
)
LIST_CAPABILITIES = (
    "select id, handler, queue, requires, executor, nullif(memory_max_mb, 0) from capability order by id"
)

# --- Instances --------------------------------------------------------------------------------

FIND_IDS = f"select public_id, id from instance where id in {IDS}"
LOAD_INSTANCES = (
    "select id, public_id, definition, status, parent, parent_key, priority, group_key, detached from instance"
    " where id in (select value from json_each(?))"
)
LOAD_SNAPSHOTS = "select instance, seq, state from snapshot where instance in (select value from json_each(?))"
LOAD_TAIL = "select instance, seq, at, kind, event, decisions from journal where instance = ? and seq > ? order by seq"
LIST_CHILDREN = "select id, parent_key, status from instance where parent = ? and not detached order by id"
LOAD_ENDS = (
    "select id, public_id, status, output, error, reason from instance"
    " where id in (select value from json_each(?)) and status in ('completed', 'failed', 'cancelled')"
)
LIST_PRUNABLE = (
    "select id from instance where ended_at < ? and (parent is null or detached)"
    " and status in ('completed', 'failed', 'cancelled') order by id limit ?"
)
FAMILY = (
    "with recursive family (id) as (select value from json_each(?)"
    " union select child.id from instance child join family on child.parent = family.id and not child.detached)"
    " select id from family"
)
# Up to the first that stays: a clock that was set back must not leave a gap.
PRUNE_JOURNALS = (
    "delete from journal where (instance, seq) in (select journal.instance, journal.seq"
    " from snapshot join instance on instance.id = snapshot.instance join journal"
    " on journal.instance = snapshot.instance and journal.seq < min(snapshot.seq, coalesce((select kept.seq"
    " from journal as kept where kept.instance = snapshot.instance and kept.at >= ? order by kept.seq limit 1),"
    " snapshot.seq)) where instance.status in ('created', 'running', 'paused')"
    " order by journal.instance, journal.seq limit ?) returning 1"
)
FORGET = tuple(
    f"delete from {table} where {column} = ?"
    for table, column in (
        ("journal", "instance"),
        ("snapshot", "instance"),
        ("log", "instance"),
        ("task", "instance"),
        ("event", "instance"),
        ("subscription", "instance"),
        ("once", "instance"),
        ("instance", "id"),
    )
)

# --- Events and tasks -------------------------------------------------------------------------

DUE_EVENTS = (
    "select event.instance, event.key, event.ready_at, event.kind, event.data"
    " from event cross join instance on instance.id = event.instance"
    " where event.ready_at <= ? and instance.definition not in (select value from json_each(?))"
    " order by event.ready_at, event.instance, event.key limit ?"
)
NEXT_EVENT_AT = "select min(ready_at) from event"
NEXT_HOSTED_EVENT_AT = (
    "select event.ready_at from event cross join instance on instance.id = event.instance"
    " where instance.definition not in (select value from json_each(?)) order by event.ready_at limit 1"
)
NEXT_PRIORITY = (
    "select priority from task where capability = ? and owner is null and priority < ? order by priority desc limit 1"
)
_WAITING = (
    "select task.priority, task.ready_at, task.instance, task.key, task.capability, task.attempt, task.token,"
    " task.timeout_s, task.payload, instance.public_id"
    " from task cross join instance on instance.id = task.instance"
    " where task.capability = ? and task.owner is null and {group}task.priority = ? and task.ready_at <= ?"
    " order by task.ready_at, task.instance, task.key limit ?"
)
WAITING = _WAITING.format(group="")
NEXT_PRIORITY_OF_GROUP = (
    "select priority from task where capability = ? and owner is null and queue is not null and group_key = ?"
    " and priority < ? order by priority desc limit 1"
)
WAITING_OF_GROUP = _WAITING.format(group="task.queue is not null and task.group_key = ? and ")
_GROUPS = (
    "with recursive found (name) as ("
    " select min(group_key) from task where capability = :capability and queue is not null and owner is null"
    "  and group_key {first} :after"
    " union all select (select min(group_key) from task where capability = :capability and queue is not null"
    "  and owner is null and group_key > found.name) from found where found.name is not null"
    ") select name from found where name is not null limit :limit"
)
FIRST_GROUPS = _GROUPS.format(first=">=")
NEXT_GROUPS = _GROUPS.format(first=">")
NEXT_TASK_AT = (
    "select ready_at from task where capability = ? and owner is null and priority = ? and ready_at > ?"
    " order by ready_at limit 1"
)
LEASE = (
    "update task set owner = ?, leased_at = ?, token = token + 1, attempt = attempt + 1, progress = null"
    " where (instance, key) in ({rows})"
)
LINE = """select kind, ready_at from event where instance = ? and key >= '!' and key < '"'"""
HAS_NOT_BEGUN = "select 1 from task where instance = ? and key = ? and attempt = 0 and coalesce(owner, 0) = 0"
# Begun: an attempt was made, or it has left its start.  That a task waits from its first entry on is not yet its start.
# A journal whose beginning was dropped has a snapshot.
FIND_ONCE = (
    "select once.name, once.instance, instance.public_id, instance.status, once.until,"
    " exists (select 1 from task where task.instance = once.instance and task.attempt > 0)"
    " or exists (select 1 from snapshot where snapshot.instance = once.instance and snapshot.seq > 1)"
    " or exists (select 1 from journal where journal.instance = once.instance and case when seq > 1"
    " then kind not in ('PauseRequested', 'ResumeRequested')"
    " else definition.model <> 'task' and coalesce(event ->> 'not_before', 0) <= at end)"
    " from once join instance on instance.id = once.instance join definition on definition.id = instance.definition"
    " where once.name in (select value from json_each(?))"
)
STALE = (
    "select lease.value ->> 0, lease.value ->> 1 from json_each(?) as lease where not exists"
    " (select 1 from task where instance = lease.value ->> 0 and key = lease.value ->> 1"
    " and token = lease.value ->> 2 and owner = ?)"
)

IS_LEASED = "select 1 from task where instance = ? and key = ? and token = ? and owner > 0"

# --- Messages ---------------------------------------------------------------------------------

FIND_SUBSCRIBERS = (
    "select instance, key from subscription where kind = ? and name = ? and match = ? order by instance, key limit ?"
)
FIND_MESSAGE = (
    "select id, data, coalesce(message_id, ''), expires_at, match from message"
    " where name = ? and match = ? and receiver is null and expires_at > ? order by id limit 1"
)
LIST_MESSAGES = (
    "select id, data, coalesce(message_id, ''), expires_at, match from message"
    " where name = ? and receiver is null and expires_at > ? order by id limit ?"
)
ADD_MESSAGE = (
    "insert into message (name, match, data, message_id, receiver, expires_at) values (?, ?, ?, nullif(?, ''), ?, ?)"
)
TAKE_MESSAGE = "update message set receiver = ?, data = '' where id = ? and message_id is not null"
DELETE_MESSAGE = "delete from message where id = ? and message_id is null"
FORGET_TOLD = "delete from message where message_id = ?"
FIND_TOLD = "select coalesce(receiver, '') from message where message_id = ? and expires_at > ?"
FORGET_MESSAGES = "delete from message where expires_at <= ?"
FIND_STARTS = "select definition, entry from start where kind = ? and name = ? order by definition, entry limit ?"
LIST_STARTS = "select kind, name, entry from start where definition = ? order by kind, name, entry"
DELETE_STARTS = (
    "delete from start where definition in (select id from definition where model = :model and name = :name)"
)
ADD_START = "insert into start (kind, name, definition, entry) values (?, ?, ?, ?)"

# --- Queues -----------------------------------------------------------------------------------

_QUEUE = "select id, name, settings, tokens, filled_at, cursor, served from queue"
LIST_QUEUES = f"{_QUEUE} order by id"
LOCK_QUEUES = f"{_QUEUE} where id in (select value from json_each(?)) order by id"
FIND_QUEUE = f"{_QUEUE} where name = ?"
PUT_QUEUE = (
    "insert into queue (id, name, settings, tokens, filled_at, cursor, served) values (?, ?, ?, ?, ?, ?, ?)"
    " on conflict (id) do update set settings = excluded.settings, tokens = excluded.tokens,"
    " filled_at = excluded.filled_at"
)
MARK_TASKS = (
    "update task set queue = ?, group_key = coalesce(group_key, '')"
    " where capability in (select id from capability where queue = ?)"
)
SAVE_QUEUE = "update queue set tokens = ?, filled_at = ?, cursor = ?, served = ? where id = ?"
COUNT_RUNNING = (
    "select group_key, count(*) from task where queue = ? and queue is not null and owner > 0 group by group_key"
)

# --- Workers ----------------------------------------------------------------------------------

ADD_WORKER = (
    "insert into worker (id, name, host, process, lease_until, started_at, renewed_at, slots)"
    " values (?, ?, ?, ?, ?, ?, ?, ?)"
)
RENEW_WORKER = (
    "update worker set lease_until = ?, renewed_at = ?, completed = ?, failed = ?, offer = coalesce(?, offer)"
    " where id = ? returning id"
)
LIST_WORKERS = "select id, name, host, process, lease_until, slots from worker order by id"
HELD_BY = "select instance, key, attempt, lost_count, coalesce(leased_at, 0), token from task where owner = ? limit ?"
ORPHANS = (
    "select instance, key, attempt, lost_count, coalesce(leased_at, 0), token from task"
    " where owner > 0 and owner not in (select id from worker) limit ?"
)
DELETE_WORKER = "delete from worker where id = ?"
LOCK_TIMES = (
    "select capability, completed, failed, waiting, running from times"
    " where capability in (select value from json_each(?)) order by capability"
)
PUT_TIMES = "insert or replace into times (capability, completed, failed, waiting, running) values (?, ?, ?, ?, ?)"
