"""Numbered migrations of the SQLite store: version n is reached by applying the first n, in order, once each."""

from __future__ import annotations

APPLICATION_ID = 0x4D53_5052
"""'MSPR' in the file's header: tells our files from other SQLite databases."""

MIGRATIONS: tuple[str, ...] = (
    # 1: the kernel
    """
    create table sequence (name text primary key, next integer not null) without rowid;

    create table definition (
        id integer primary key, model text not null, name text not null, version integer not null,
        digest text not null unique, document text not null, created_at real not null,
        unique (model, name, version)
    );

    create table capability (
        id integer primary key, handler text not null, queue text not null, requires text not null,
        executor text not null,
        -- 0: it says nothing of it.
        memory_max_mb real not null, unique (handler, queue, requires, executor, memory_max_mb)
    );

    create table instance (
        id integer primary key, public_id text not null, definition integer not null, status text not null,
        parent integer, parent_key text, priority integer not null, attributes text, created_at real not null,
        ended_at real, output text, error text, reason text, group_key text, detached integer not null default 0
    );
    -- The others end with the number, and are found by it (`sqlite_public_id`).
    create unique index instance_chosen on instance (public_id) where public_id not like '%:' || id;
    create index instance_parent on instance (parent, parent_key) where parent is not null;
    -- Compared one by one: SQLite builds the list of an `in` anew for every row written, which costs more than the row.
    create index instance_unusual on instance (status, id) where status <> 'running' and status <> 'completed';

    -- (instance, seq) is both the order and the fence: two processes cannot write the same entry.
    create table journal (
        instance integer not null, seq integer not null, at real not null, kind text not null,
        event text not null, decisions text not null, unique (instance, seq)
    );

    create table snapshot (instance integer primary key, seq integer not null, state text not null);

    create table event (
        instance integer not null, key text not null, ready_at real not null, kind text not null, data text not null,
        primary key (instance, key)
    ) without rowid;
    create index event_ready on event (ready_at);

    -- owner: null waits, 0 is held back by a paused instance, else the worker that has the lease.
    create table task (
        instance integer not null, key text not null, capability integer not null, priority integer not null,
        ready_at real not null, attempt integer not null, token integer not null, owner integer, leased_at real,
        timeout_s real, payload text not null, lost_count integer not null default 0, progress real,
        queue integer, group_key text, primary key (instance, key)
    ) without rowid;
    create index task_waiting on task (capability, priority desc, ready_at) where owner is null;
    -- queue: only of a managed one, so that others pay nothing for these.
    create index task_group on task (capability, group_key, priority desc, ready_at)
        where queue is not null and owner is null;
    create index task_leased on task (queue, group_key) where queue is not null and owner > 0;

    -- What is to be there once, however often it is asked for.
    create table once (name text primary key, instance integer not null, until real not null) without rowid;
    create index once_instance on once (instance);

    -- Queues of which something was said; how far tokens (rate) and turns (fairness) have come.
    create table queue (
        id integer primary key, name text not null unique, settings text not null, tokens real not null,
        filled_at real not null, cursor text not null, served integer not null
    );

    -- What instances wait for from outside: messages and signals, and what waits for people.
    create table subscription (
        instance integer not null, key text not null, kind text not null, name text not null, match text not null,
        data text not null, opened_at real not null, primary key (instance, key)
    ) without rowid;
    create index subscription_found on subscription (kind, name, match, instance);

    -- Messages that nobody waits for yet; and those with an id that were given to somebody, so that they are told once.
    create table message (
        id integer primary key, name text not null, match text not null, data text not null, message_id text,
        receiver text, expires_at real not null
    );
    create index message_found on message (name, match) where receiver is null;
    create unique index message_told on message (message_id) where message_id is not null;
    create index message_expired on message (expires_at);

    -- What begins an instance of the newest version of a definition.
    create table start (
        kind text not null, name text not null, definition integer not null, entry text not null,
        primary key (kind, name, definition, entry)
    ) without rowid;

    create table worker (
        id integer primary key, name text not null, host text not null, process text not null,
        started_at real not null, lease_until real not null, renewed_at real not null, slots integer not null,
        completed integer not null default 0, failed integer not null default 0, offer text not null default '{}'
    );

    -- How attempts of each capability ended, and sketches of how long they took.
    create table times (
        capability integer primary key, completed integer not null, failed integer not null, waiting text not null,
        running text not null
    );

    create table log (
        instance integer not null, key text not null, attempt integer not null, at real not null,
        level text not null, message text not null
    );
    create index log_instance on log (instance);
    """,
)
