"""The PostgreSQL store's statements: each has a name and one line of purpose.  Rows travel as one array a column."""

from __future__ import annotations

SESSION = (
    "select set_config('search_path', %s, false), set_config('jit', 'off', false),"
    # Statistics of tables that are empty one minute and full the next lead to plans that read them whole.
    " set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false),"
    " set_config('enable_hashjoin', 'off', false),"
    " set_config('enable_mergejoin', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false),"
    " set_config('default_transaction_isolation', 'read committed', false)"
)

# --- Writing, one statement per table ---------------------------------------------------------

# Messages that came too late for their receiver are for others.
SWEEP = tuple(
    f"delete from {rows} instance = any(%s::bigint[])"
    for rows in ("task where", "event where kind <> 'Received' and", "subscription where")
)

INSERTS: tuple[tuple[str, str, str], ...] = (
    # (attribute of Changes, statement, kinds of its columns: n number, t text), in the order that makes a turn's rows
    # consistent
    (
        "instances",
        "insert into instance (id, public_id, definition, status, parent, parent_key, priority, attributes,"
        " created_at, group_key, detached) select * from unnest(%s::bigint[], %s::text[], %s::integer[], %s::text[],"
        " %s::bigint[], %s::text[], %s::integer[], %s::json[], %s::double precision[], %s::text[], %s::boolean[])",
        "ntntntntntn",
    ),
    (
        "journal",
        "insert into journal (instance, seq, at, kind, event, decisions) select * from unnest(%s::bigint[],"
        " %s::bigint[], %s::double precision[], %s::text[], %s::text[], %s::text[])",
        "nnnttt",
    ),
    (
        "tasks",
        "insert into task (instance, key, capability, priority, ready_at, attempt, token, owner, leased_at, timeout_s,"
        " payload, queue, group_key) select * from unnest(%s::bigint[], %s::text[], %s::integer[], %s::integer[],"
        " %s::double precision[], %s::integer[], %s::integer[], %s::bigint[], %s::double precision[],"
        " %s::double precision[], %s::text[], %s::bigint[], %s::text[])",
        "ntnnnnnnnntnt",
    ),
    (
        "logs",
        "insert into log (instance, key, attempt, at, level, message) select * from unnest(%s::bigint[], %s::text[],"
        " %s::integer[], %s::double precision[], %s::text[], %s::text[])",
        "ntnntt",
    ),
    (
        "snapshots",
        "insert into snapshot (instance, seq, state) select * from unnest(%s::bigint[], %s::bigint[], %s::text[])"
        " on conflict (instance) do update set seq = excluded.seq, state = excluded.state",
        "nnt",
    ),
)

UPDATES: tuple[tuple[str, str, str], ...] = (
    # (attribute of Changes, statement, kinds of its columns), after the inserts
    (
        "tasks_retried",
        "update task set ready_at = new.ready_at, owner = new.owner, leased_at = null, progress = null,"
        " lost_count = task.lost_count + new.lost_count"
        " from unnest(%s::double precision[], %s::bigint[], %s::integer[], %s::bigint[], %s::text[])"
        " as new (ready_at, owner, lost_count, instance, key)"
        " where task.instance = new.instance and task.key = new.key",
        "nnnnt",
    ),
    (
        "tasks_freed",
        "update task set leased_at = null, attempt = task.attempt - 1,"
        " owner = (select 0 from instance where instance.id = task.instance and instance.status = 'paused')"
        " from unnest(%s::bigint[], %s::text[], %s::integer[]) as freed (instance, key, token)"
        " where task.instance = freed.instance and task.key = freed.key and task.token = freed.token"
        " and task.owner > 0",
        "ntn",
    ),
    (
        "tasks_done",
        "delete from task using unnest(%s::bigint[], %s::text[]) as done (instance, key)"
        " where task.instance = done.instance and task.key = done.key",
        "nt",
    ),
    (
        "progress",
        "update task set progress = new.fraction"
        " from unnest(%s::double precision[], %s::bigint[], %s::text[]) as new (fraction, instance, key)"
        " where task.instance = new.instance and task.key = new.key",
        "nnt",
    ),
    ("held", "update task set owner = 0 where instance = any(%s::bigint[]) and owner is null", "n"),
    ("released", "update task set owner = null where instance = any(%s::bigint[]) and owner = 0", "n"),
    (
        "statuses",
        "update instance set status = new.status, ended_at = new.ended_at, output = new.output, error = new.error,"
        " reason = new.reason from unnest(%s::text[], %s::double precision[], %s::json[], %s::json[], %s::text[],"
        " %s::bigint[]) as new (status, ended_at, output, error, reason, id) where instance.id = new.id",
        "tntttn",
    ),
)

PUT_EVENTS = (
    "insert into event (instance, key, ready_at, kind, data) select * from unnest(%s::bigint[], %s::text[],"
    " %s::double precision[], %s::text[], %s::text[])"
    " on conflict (instance, key) do update set ready_at = excluded.ready_at, kind = excluded.kind,"
    " data = excluded.data"
)
PUT_SUBSCRIPTIONS = (
    "insert into subscription (instance, key, kind, name, match, data, opened_at) select * from unnest(%s::bigint[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::double precision[])"
    " on conflict (instance, key) do update set kind = excluded.kind, name = excluded.name, match = excluded.match,"
    " data = excluded.data, opened_at = excluded.opened_at"
)
DELETE_SUBSCRIPTIONS = (
    "delete from subscription using unnest(%s::bigint[], %s::text[]) as gone (instance, key)"
    " where subscription.instance = gone.instance and subscription.key = gone.key"
)
PUT_ONCE = (
    "insert into once (name, instance, until) select * from unnest(%s::text[], %s::bigint[], %s::double precision[])"
    " on conflict (name) do update set instance = excluded.instance, until = excluded.until"
)
DELETE_EVENTS = (
    "delete from event using unnest(%s::bigint[], %s::text[]) as gone (instance, key)"
    " where event.instance = gone.instance and event.key = gone.key"
)

# --- The transaction --------------------------------------------------------------------------

TRANSACTION_ID = "select pg_current_xact_id()::text"
TRANSACTION_STATUS = "select pg_xact_status(%s::xid8)"
BUMP = "select nextval('pulse')"
PULSE = "select last_value, is_called, extract(epoch from clock_timestamp())::double precision from pulse"
LOCK = "select id from instance where id = any(%s::bigint[]) order by id for no key update"
LOCK_NOW = f"{LOCK} nowait"

MARK_TRANSACTION = "select set_config('mainspring.transaction', gen_random_uuid()::text, true)"
MARK_OF_TRANSACTION = "select current_setting('mainspring.transaction', true)"
BIRTH = "select (select oid from pg_database where datname = current_database()), min(reached_at) from {schema}.version"

SEARCH_PATH = "select current_setting('search_path')"
SET_SEARCH_PATH = "select set_config('search_path', %s, true)"
NOTIFY = "select pg_notify(%s, '')"

# --- Sequences, definitions, capabilities -----------------------------------------------------

RESERVE = "select reserve(%s, %s)"
ALONE = "select pg_advisory_xact_lock(%s, %s)"
SEIZE = "select pg_advisory_lock(%s, %s)"
LET_GO = "select pg_advisory_unlock(%s, %s)"
FIND_DEFINITION = "select id, model, name, version, digest, document from definition where {column} = %s"
FIND_NEWEST = (
    "select id, model, name, version, digest, document from definition where model = %s and name = %s"
    " order by version desc limit 1"
)
ADD_DEFINITION = (
    "insert into definition (model, name, version, digest, document, created_at)"
    " select %(model)s, %(name)s, coalesce(max(version), 0) + 1, %(digest)s, %(document)s, %(at)s"
    " from definition where model = %(model)s and name = %(name)s"
    " returning id, model, name, version, digest, document"
)
FIND_CAPABILITY = (
    "select id from capability where handler = %s and queue = %s and requires = %s and executor = %s"
    " and memory_max_mb = coalesce(%s::double precision, 0)"
)
ADD_CAPABILITY = (
    "insert into capability (handler, queue, requires, executor, memory_max_mb)"
    " values (%s, %s, %s, %s, coalesce(%s::double precision, 0)) returning id"
)
LIST_CAPABILITIES = (
    "select id, handler, queue, requires, executor, nullif(memory_max_mb, 0) from capability order by id"
)

# --- Instances --------------------------------------------------------------------------------

FIND_IDS = "select public_id, id from instance where public_id = any(%s::text[])"
LOAD_INSTANCES = (
    "select id, public_id, definition, status, parent, parent_key, priority, group_key, detached from instance"
    " where id = any(%s::bigint[])"
)
LOAD_SNAPSHOTS = "select instance, seq, state from snapshot where instance = any(%s::bigint[])"
LOAD_TAILS = (
    "select entry.instance, entry.seq, entry.at, entry.kind, entry.event, entry.decisions"
    " from unnest(%s::bigint[], %s::bigint[]) as after (instance, seq)"
    " join journal as entry on entry.instance = after.instance and entry.seq > after.seq"
    " order by entry.instance, entry.seq"
)
LIST_CHILDREN = "select id, parent_key, status from instance where parent = %s and not detached order by id"
LOAD_ENDS = (
    "select id, public_id, status, output::text, error::text, reason from instance"
    " where id = any(%s::bigint[]) and status in ('completed', 'failed', 'cancelled')"
)
LIST_PRUNABLE = (
    "select id from instance where ended_at < %s and (parent is null or detached)"
    " and status in ('completed', 'failed', 'cancelled') order by id limit %s for update skip locked"
)
FAMILY = (
    "with recursive family (id) as (select unnest(%s::bigint[])"
    " union select child.id from instance child join family on child.parent = family.id and not child.detached)"
    " select id from family"
)
# Up to the first that stays: a clock that was set back must not leave a gap.
PRUNE_JOURNALS = (
    "with old as (select entry.instance, entry.seq from snapshot join instance on instance.id = snapshot.instance"
    " join lateral (select least(snapshot.seq, (select kept.seq from journal as kept"
    " where kept.instance = snapshot.instance and kept.at >= %s order by kept.seq limit 1)) as seq) as last on true"
    " join journal as entry on entry.instance = snapshot.instance and entry.seq < last.seq"
    " where instance.status in ('created', 'running', 'paused') order by entry.instance, entry.seq limit %s)"
    " delete from journal using old where journal.instance = old.instance and journal.seq = old.seq returning 1"
)
FORGET_HISTORY, FORGET = (
    tuple(f"delete from {table} where {column} = any(%s::bigint[])" for table, column in tables)
    for tables in (
        (("journal", "instance"), ("log", "instance")),
        (
            ("snapshot", "instance"),
            ("task", "instance"),
            ("event", "instance"),
            ("subscription", "instance"),
            ("once", "instance"),
            ("instance", "id"),
        ),
    )
)

# --- Events and tasks -------------------------------------------------------------------------

STALE = (
    "select lease.instance, lease.key from unnest(%s::bigint[], %s::text[], %s::integer[])"
    " as lease (instance, key, token) where not exists (select 1 from task where task.instance = lease.instance"
    " and task.key = lease.key and task.token = lease.token and task.owner = %s)"
)

IS_LEASED = "select 1 from task where instance = %s and key = %s and token = %s and owner > 0 for update"

# Not if another process is about to begin it.
LINE = """select kind, ready_at from event where instance = %s and key >= '!' and key < '"'"""
HAS_NOT_BEGUN = (
    "select 1 from task where instance = %s and key = %s and attempt = 0 and coalesce(owner, 0) = 0"
    " for update skip locked"
)

# --- Messages ---------------------------------------------------------------------------------

# One after another for each name and key: a message and who waits for it must not pass by one another unseen.
MEET = "select pg_advisory_xact_lock(%s, hashtext(%s || chr(31) || %s))"
FIND_SUBSCRIBERS = (
    "select instance, key from subscription where kind = %s and name = %s and match = %s"
    " order by instance, key limit %s"
)
FIND_MESSAGE = (
    "select id, data, coalesce(message_id, ''), expires_at, match from message"
    " where name = %s and match = %s and receiver is null and expires_at > %s order by id limit 1"
)
LIST_MESSAGES = (
    "select id, data, coalesce(message_id, ''), expires_at, match from message"
    " where name = %s and receiver is null and expires_at > %s order by id limit %s"
)
ADD_MESSAGE = (
    "insert into message (name, match, data, message_id, receiver, expires_at)"
    " values (%s, %s, %s, nullif(%s, ''), %s, %s)"
)
TAKE_MESSAGE = "update message set receiver = %s, data = '' where id = %s and message_id is not null"
DELETE_MESSAGE = "delete from message where id = %s and message_id is null"
FORGET_TOLD = "delete from message where message_id = %s"
FIND_TOLD = "select coalesce(receiver, '') from message where message_id = %s and expires_at > %s"
FORGET_MESSAGES = (
    "delete from message where id = any(array(select id from message where expires_at <= %s for update skip locked))"
)
FIND_STARTS = "select definition, entry from start where kind = %s and name = %s order by definition, entry limit %s"
LIST_STARTS = "select kind, name, entry from start where definition = %s order by kind, name, entry"
DELETE_STARTS = "delete from start where definition in (select id from definition where model = %s and name = %s)"
ADD_STARTS = (
    "insert into start (kind, name, definition, entry) select * from unnest(%s::text[], %s::text[], %s::integer[],"
    " %s::text[])"
)

# --- Queues -----------------------------------------------------------------------------------

_QUEUE = "select id, name, settings, tokens, filled_at, cursor, served from queue"
LIST_QUEUES = f"{_QUEUE} order by id"
LOCK_QUEUES = f"{_QUEUE} where id = any(%s::bigint[]) order by id for update"
FIND_QUEUE = f"{_QUEUE} where name = %s"
PUT_QUEUE = (
    "insert into queue (id, name, settings, tokens, filled_at, cursor, served) values (%s, %s, %s, %s, %s, %s, %s)"
    " on conflict (id) do update set settings = excluded.settings, tokens = excluded.tokens,"
    " filled_at = excluded.filled_at"
)
MARK_TASKS = (
    "update task set queue = %s, group_key = coalesce(group_key, '')"
    " where capability in (select id from capability where queue = %s)"
)
SAVE_QUEUE = "update queue set tokens = %s, filled_at = %s, cursor = %s, served = %s where id = %s"
COUNT_RUNNING = (
    "select group_key, count(*) from task where queue = %s and queue is not null and owner > 0 group by group_key"
)
# Turns place tasks by what is said of queues, so whoever says something waits for those under way, and keeps new ones.
SHARE_QUEUES = "select pg_advisory_xact_lock_shared(%s, %s)"

# --- Workers ----------------------------------------------------------------------------------

ADD_WORKER = (
    "insert into worker (id, name, host, process, lease_until, started_at, renewed_at, slots)"
    " values (%s, %s, %s, %s, %s, %s, %s, %s)"
)
RENEW_WORKER = (
    "update worker set lease_until = %s, renewed_at = %s, completed = %s, failed = %s,"
    " offer = coalesce(%s, offer) where id = %s returning id"
)
LIST_WORKERS = "select id, name, host, process, lease_until, slots from worker order by id"
HOLD_WORKER = "select id from worker where id = %s for key share"
SEIZE_WORKER = "select id from worker where id = %s and lease_until = %s for update skip locked"
HELD_BY = "select instance, key, attempt, lost_count, coalesce(leased_at, 0), token from task where owner = %s limit %s"
ORPHANS = (
    "select instance, key, attempt, lost_count, coalesce(leased_at, 0), token from task"
    " where owner > 0 and not exists (select 1 from worker where worker.id = task.owner) limit %s"
)
DELETE_WORKER = "delete from worker where id = %s"
ADD_TIMES = (
    "insert into times (capability, completed, failed, waiting, running)"
    " select capability, 0, 0, '{}', '{}' from unnest(%s::integer[]) as capability order by 1"
    " on conflict (capability) do nothing"
)
LOCK_TIMES = (
    "select capability, completed, failed, waiting, running from times where capability = any(%s::integer[])"
    " order by capability for update"
)
PUT_TIMES = (
    "update times set completed = row.completed, failed = row.failed, waiting = row.waiting, running = row.running"
    " from unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])"
    " as row (capability, completed, failed, waiting, running) where times.capability = row.capability"
)
