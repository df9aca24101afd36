"""Numbered migrations of the PostgreSQL store: version n is reached by applying the first n, in order, once each.

All tables lie in a schema of their own, so that they can share a database with those of users.
"""

from __future__ import annotations

from mainspring.stores.sql import postgres_spans as spans

CREATE_SCHEMA = "create schema if not exists {schema}"
VERSION_TABLE = "create table if not exists {schema}.version (number integer primary key, reached_at timestamptz)"
FIND_VERSION_TABLE = "select to_regclass(%s) is not null"
FIND_VERSION = "select coalesce(max(number), 0) from {schema}.version"
ADD_VERSION = "insert into {schema}.version (number, reached_at) values (%s, now())"

MIGRATIONS: tuple[str, ...] = (
    # 1: the kernel
    """
    create sequence number_instance;
    create sequence number_event;
    create sequence number_worker;
    create sequence number_queue;

    -- The first of so many numbers.  Sequences wait for nobody's transaction; the lock lasts for two statements.
    create function reserve(name text, count bigint) returns bigint language plpgsql as $$
    declare
        sequence regclass := format('%I.%I', current_schema(), 'number_' || name)::regclass;
        first bigint;
    begin
        perform pg_advisory_lock(sequence::oid::bigint);
        first := nextval(sequence);
        if count > 1 then
            perform setval(sequence, first + count - 1);
        end if;
        perform pg_advisory_unlock(sequence::oid::bigint);
        return first;
    end $$;

    create table definition (
        id integer generated always as identity primary key, model text not null, name text collate "C" not null,
        version integer not null, digest text not null unique, document text not null,
        created_at double precision not null, unique (model, name, version)
    );

    create table capability (
        id integer generated always as identity primary key, handler text not null, queue text not null,
        requires text not null, executor text not null,
        -- 0: it says nothing of it.
        memory_max_mb double precision not null, unique (handler, queue, requires, executor, memory_max_mb)
    );

    create table instance (
        id bigint primary key, public_id text collate "C" not null unique, definition integer not null,
        status text not null, parent bigint, parent_key text collate "C", priority integer not null, attributes json,
        created_at double precision not null, ended_at double precision, output json, error json, reason text,
        group_key text collate "C", detached boolean not null default false
    ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
    create index instance_parent on instance (parent, parent_key) where parent is not null;
    create index instance_unusual on instance (status, id) where status in ('created', 'paused', 'failed', 'cancelled');

    -- (instance, seq) is both the order and the fence: two processes cannot write the same entry.
    create table journal (
        instance bigint not null, seq bigint not null, at double precision not null, kind text not null,
        event text not null, decisions text not null, primary key (instance, seq)
    ) partition by range (instance);

    create table snapshot (instance bigint primary key, seq bigint not null, state text not null)
        with (fillfactor = 70);

    create table event (
        instance bigint not null, key text collate "C" not null, ready_at double precision not null,
        kind text not null, data text not null, primary key (instance, key)
    ) with (
        fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0
    );
    create index event_ready on event (ready_at, instance, key);

    -- owner: null waits, 0 is held back by a paused instance, else the worker that has the lease.
    create table task (
        instance bigint not null, key text collate "C" not null, capability integer not null,
        priority integer not null, ready_at double precision not null, attempt integer not null,
        token integer not null, owner bigint, leased_at double precision, timeout_s double precision,
        payload text not null, lost_count integer not null default 0, progress double precision,
        queue bigint, group_key text collate "C", primary key (instance, key)
    ) with (
        fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0
    );
    create index task_waiting on task (capability, priority desc, ready_at, instance, key) where owner is null;

    -- queue: only of a managed one, so that others pay nothing for these.
    create index task_group on task (capability, group_key, priority desc, ready_at, instance, key)
        where queue is not null and owner is null;
    create index task_leased on task (queue, group_key) where queue is not null and owner > 0;

    -- Queues of which something was said; how far tokens (rate) and turns (fairness) have come.
    create table queue (
        id bigint primary key, name text not null unique, settings text not null, tokens double precision not null,
        filled_at double precision not null, cursor text not null, served integer not null
    ) with (fillfactor = 20);

    -- What instances wait for from outside: messages and signals, and what waits for people.
    create table subscription (
        instance bigint not null, key text collate "C" not null, kind text not null, name text not null,
        match text not null, data text not null, opened_at double precision not null, primary key (instance, key)
    );
    create index subscription_found on subscription (kind, name, match, instance, key);

    -- Messages that nobody waits for yet; and those with an id that were given to somebody, so that they are told once.
    create table message (
        id bigint generated always as identity primary key, name text not null, match text not null,
        data text not null, message_id text, receiver text, expires_at double precision not null
    );
    create index message_found on message (name, match, id) where receiver is null;
    create unique index message_told on message (message_id) where message_id is not null;
    create index message_expired on message (expires_at);

    -- What begins an instance of the newest version of a definition.
    create table start (
        kind text not null, name text not null, definition integer not null, entry text collate "C" not null,
        primary key (kind, name, definition, entry)
    );

    -- What is to be there once, however often it is asked for.
    create table once (
        name text collate "C" primary key, instance bigint not null, until double precision not null
    );
    create index once_instance on once (instance);

    create table worker (
        id bigint primary key, name text not null, host text not null, process text not null,
        started_at double precision not null, lease_until double precision not null,
        renewed_at double precision not null, slots integer not null, completed bigint not null default 0,
        failed bigint not null default 0, offer text not null default '{}'
    ) with (fillfactor = 50);

    -- How attempts of each capability ended, and sketches of how long they took.
    create table times (
        capability integer primary key, completed bigint not null, failed bigint not null, waiting text not null,
        running text not null
    ) with (fillfactor = 50);

    create sequence log_number;
    create table log (
        instance bigint not null, id bigint not null default nextval('log_number'), key text not null,
        attempt integer not null, at double precision not null, level text not null, message text not null,
        primary key (instance, id)
    ) partition by range (instance);
    """
    + spans.TABLES,
)

CREATE_PULSE = {
    True: "create unlogged sequence if not exists pulse",
    False: "create sequence if not exists pulse",
}
"""Counts commits, for those who poll.  By whether the server has unlogged sequences (from version 15 on)."""
