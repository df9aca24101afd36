"""PostgreSQL: what is to be there once, under a name."""

from __future__ import annotations

# Nobody else looks for a name before the transaction ends, whether there is a row or not.
ALONE_FOR_ONCE = (
    "select pg_advisory_xact_lock(%s, number) from (select distinct hashtext('once' || chr(31) || name) as number"
    " from unnest(%s::text[]) as wanted (name) order by number) as numbers"
)
# Begun: an attempt was made, or it has left its start.  That a task waits from its first entry on is not yet its start.
# A journal whose beginning was dropped has a snapshot.
FIND_ONCE = (
    "select once.name, once.instance, instance.public_id, instance.status, once.until,"
    " exists (select 1 from task where task.instance = once.instance and task.attempt > 0)"
    " or exists (select 1 from snapshot where snapshot.instance = once.instance and snapshot.seq > 1)"
    " or exists (select 1 from journal where journal.instance = once.instance and case when seq > 1"
    " then kind not in ('PauseRequested', 'ResumeRequested')"
    " else definition.model <> 'task' and coalesce((event::json ->> 'not_before')::double precision, 0) <= at end)"
    " from once join instance on instance.id = once.instance join definition on definition.id = instance.definition"
    " where once.name = any(%s::text[])"
)
