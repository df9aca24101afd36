"""Spans of the history: partitions of journal and log, each a range of instance numbers, and so a time (docs/adr/0701).

Functions on the server, because each of them is one decision over several statements, for whoever holds the lock.
"""

from __future__ import annotations

WIDTHS = (1_000_000, 1_000_000_000)
"""Numbers of the first span, and of the widest."""
SPAN_S = 7 * 86_400.0
"""How long a span is open.  Few enough to be looked through by each statement, short enough to be dropped soon."""
GIVEN_S = 86_400.0
"""All numbers of a span are used so long after it was closed: processes keep them for an hour (`kernel.hold`)."""
DROP_WAIT = "1s"
"""To have the tables alone.  Everybody else waits as long, so it is not tried for long."""

TABLES = """
    -- Numbers from `first` on, below `beyond`; opened_at: when the first of them was given away.
    create table span (first bigint primary key, beyond bigint not null, opened_at double precision);

    create function add_span(start bigint, width bigint) returns void language plpgsql as $$
    declare
        kept text;
    begin
        foreach kept in array array['journal', 'log'] loop
            -- In two steps: attaching keeps nobody from reading and writing the others, creating in place does.
            execute format('create table %1$s_%2$s (like %1$s including all)', kept, start);
            execute format('alter table %1$s attach partition %1$s_%2$s for values from (%2$s) to (%3$s)',
                           kept, start, start + width);
        end loop;
        insert into span (first, beyond) values (start, start + width);
    end $$;

    -- Has a span for all numbers below `wanted`; `ahead`: and for those that come, each open for so long at most.
    -- Returns from which number on it is to be asked again.
    create function cover(
        wanted bigint, ahead boolean, width_min bigint, width_max bigint, open_s double precision,
        lock_class integer, lock_number integer
    ) returns bigint language plpgsql as $$
    declare
        sequence constant regclass := format('%I.number_instance', current_schema())::regclass;
        at constant double precision := extract(epoch from clock_timestamp());
        here span%rowtype;
        newest span%rowtype;
        last bigint;
        is_new boolean;
    begin
        for is_alone in 0..1 loop
            select * into here from span where first < wanted order by first desc limit 1;
            select * into newest from span order by first desc limit 1;
            if here.beyond >= wanted and (not ahead or (here.opened_at + open_s > at
                and (newest.first > here.first or wanted <= (here.first + here.beyond) / 2))) then
                return case when newest.first > here.first then here.beyond else (here.first + here.beyond) / 2 end;
            end if;
            if is_alone = 0 then
                perform pg_advisory_xact_lock(lock_class, lock_number);
            end if;
        end loop;
        while newest.beyond is null or newest.beyond < wanted loop
            perform add_span(coalesce(newest.beyond, 0), case when newest.beyond is null then width_min
                else least(width_max, 10 * (newest.beyond - newest.first)) end);
            select * into newest from span order by first desc limit 1;
        end loop;
        update span set opened_at = at where first < wanted and opened_at is null;
        select * into here from span where first < wanted order by first desc limit 1;
        is_new := newest.first = here.first;
        if here.opened_at + open_s <= at then
            -- Its time is over: the numbers that are left of it are skipped.
            perform pg_advisory_lock(sequence::oid::bigint);
            execute format('select last_value from %s', sequence) into last;
            if last < here.beyond - 1 then
                perform setval(sequence, here.beyond - 1);
            end if;
            perform pg_advisory_unlock(sequence::oid::bigint);
            if is_new then
                perform add_span(here.beyond, case when 10 * (last - here.first) < here.beyond - here.first
                    then greatest(width_min, (here.beyond - here.first) / 10) else here.beyond - here.first end);
            end if;
            update span set opened_at = at where first = here.beyond;
        elsif is_new and wanted > (here.first + here.beyond) / 2 then
            perform add_span(here.beyond, case when at - here.opened_at < open_s / 2
                then least(width_max, 10 * (here.beyond - here.first)) else here.beyond - here.first end);
        else
            return case when is_new then (here.first + here.beyond) / 2 else here.beyond end;
        end if;
        return here.beyond;
    end $$;

    -- Removes a span that no instance is left of, with all its history; false: there is one, or somebody reads it.
    create function drop_span(start bigint, wait text) returns boolean language plpgsql as $$
    declare
        timeout constant text := current_setting('lock_timeout');
    begin
        perform set_config('lock_timeout', wait, true);
        -- Whoever is about to add an instance is waited for: it has its number already, and perhaps no history yet.
        lock table instance in share row exclusive mode;
        execute format('lock table only journal, only log, journal_%1$s, log_%1$s in access exclusive mode', start);
        perform set_config('lock_timeout', timeout, true);
        -- Seen from now on: whatever was committed before the tables were ours.
        if exists (select 1 from instance join span on span.first = start
                   where instance.id >= span.first and instance.id < span.beyond) then
            return false;
        end if;
        execute format('drop table journal_%1$s, log_%1$s', start);
        delete from span where first = start;
        return true;
    exception when lock_not_available or undefined_table then
        return false;
    end $$;
"""
COVER = "select cover(%s, %s, %s, %s, %s, %s, %s)"
DROP_SPAN = "select drop_span(%s, %s)"
ENDED_SPANS = (
    # All numbers are used, and whatever there is of them may be forgotten.  A child of an older span belongs to a
    # family that may live.
    "select span.first, span.beyond from span join span as following on following.first = span.beyond"
    " where following.opened_at <= extract(epoch from now()) - %s"
    " and not exists (select 1 from instance where instance.id >= span.first and instance.id < span.beyond"
    " and (instance.status not in ('completed', 'failed', 'cancelled') or instance.ended_at >= %s"
    " or (instance.parent < span.first and not instance.detached))) order by span.first"
)
