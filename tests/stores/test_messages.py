"""Subscriptions, messages that wait, and what begins instances."""

from __future__ import annotations

from mainspring.kernel.store import MessageRow
from mainspring.models.contract import StartOn
from tests.stores.bench import NOW

HOUR = 3_600.0


def subscribe(bench, instance: int, key: str, kind: str = "message", name: str = "paid", match: str = "k") -> None:
    with bench.writing() as changes:
        changes.subscriptions[instance, key] = (instance, key, kind, name, match, "", NOW)


def test_who_waits_is_found_oldest_first_by_kind_name_and_match(bench):
    bench.definition()
    for id in (1, 2, 3):
        bench.instance(id)
    subscribe(bench, 2, "w/1")
    subscribe(bench, 1, "w/9")
    subscribe(bench, 3, "w/1", match="other")
    subscribe(bench, 3, "w/2", kind="signal", match="")
    with bench.reading() as store:
        assert store.find_subscribers("message", "paid", "k", 10) == [(1, "w/9"), (2, "w/1")]
        assert store.find_subscribers("message", "paid", "k", 1) == [(1, "w/9")]
        assert store.find_subscribers("signal", "paid", "", 10) == [(3, "w/2")]
        assert store.find_subscribers("message", "sent", "k", 10) == []


def test_a_subscription_is_replaced_taken_back_and_swept(bench):
    bench.definition()
    bench.instance(1)
    bench.instance(2)
    subscribe(bench, 1, "w/1")
    subscribe(bench, 1, "w/1", match="new")
    subscribe(bench, 1, "w/2", match="new")
    subscribe(bench, 2, "w/1", match="new")
    with bench.writing() as changes:
        changes.subscriptions[1, "w/2"] = None
    with bench.reading() as store:
        assert store.find_subscribers("message", "paid", "k", 10) == []
        assert store.find_subscribers("message", "paid", "new", 10) == [(1, "w/1"), (2, "w/1")]
    with bench.writing() as changes:
        changes.swept.append((1,))
    with bench.writing():
        bench.store.delete_instances([2])
    with bench.reading() as store:
        assert store.find_subscribers("message", "paid", "new", 10) == []


def test_a_message_waits_until_it_is_taken_or_expires(bench):
    with bench.writing():
        bench.store.add_message("paid", "k", '{"n":1}', id="", receiver=None, expires_at=NOW + HOUR)
        bench.store.add_message("paid", "k", '{"n":2}', id="m2", receiver=None, expires_at=NOW + 2 * HOUR)
    with bench.writing():
        first = bench.store.find_message("paid", "k", NOW)
        assert isinstance(first, MessageRow)
        assert (first.data, first.message_id, first.expires_at) == ('{"n":1}', "", NOW + HOUR)
        assert bench.store.find_message("paid", "other", NOW) is None
        bench.store.take_message(first.id, "case-1")
    with bench.writing():
        second = bench.store.find_message("paid", "k", NOW)
        assert second is not None
        assert (second.data, second.message_id) == ('{"n":2}', "m2")
        assert bench.store.find_message("paid", "k", NOW + 3 * HOUR) is None, "it has expired"
        bench.store.take_message(second.id, "case-2")
    with bench.writing():
        assert bench.store.find_message("paid", "k", NOW) is None
        assert bench.store.find_told("m2", NOW) == "case-2"
        bench.store.forget_messages(NOW + 3 * HOUR)
        assert bench.store.find_told("m2", NOW) is None


def test_one_that_its_receiver_did_not_want_is_nobody_s_again(bench):
    with bench.writing():
        bench.store.add_message("paid", "k", "", id="m1", receiver="case-1", expires_at=NOW + HOUR)
        bench.store.forget_told("m1")
        assert bench.store.find_told("m1", NOW) is None
        bench.store.add_message("paid", "k", "{}", id="m1", receiver=None, expires_at=NOW + HOUR)
    with bench.reading() as store:
        assert store.find_told("m1", NOW) == ""


def test_who_got_a_message_is_known_by_its_id(bench):
    with bench.writing():
        bench.store.add_message("paid", "k", "", id="given", receiver="case-1", expires_at=NOW + HOUR)
        bench.store.add_message("paid", "k", "{}", id="waits", receiver=None, expires_at=NOW + HOUR)
    with bench.reading() as store:
        assert store.find_told("given", NOW) == "case-1"
        assert store.find_told("waits", NOW) == ""
        assert store.find_told("ghost", NOW) is None
        assert store.find_told("given", NOW + 2 * HOUR) is None


def test_a_newer_version_is_begun_in_place_of_the_older_one(bench):
    with bench.writing():
        old = bench.store.add_definition("process", "p", "d1", b"{}", NOW)
        bench.store.put_starts(old, [StartOn("message", "paid", "s1"), StartOn("signal", "fire", "s2")])
        other = bench.store.add_definition("process", "q", "d2", b"{}", NOW)
        bench.store.put_starts(other, [StartOn("message", "paid", "s")])
        new = bench.store.add_definition("process", "p", "d3", b"{}", NOW)
        bench.store.put_starts(new, [StartOn("message", "paid", "s1")])
    with bench.reading() as store:
        assert store.find_starts("message", "paid", 10) == [(other.id, "s"), (new.id, "s1")]
        assert store.find_starts("signal", "fire", 10) == []


def test_all_messages_of_a_name_are_listed_while_they_wait(bench):
    with bench.writing():
        for match, receiver, ttl in (("a", None, HOUR), ("b", "case-1", HOUR), ("c", None, 1.0), ("d", None, HOUR)):
            bench.store.add_message("paid", match, "{}", id=f"m-{match}", receiver=receiver, expires_at=NOW + ttl)
        bench.store.add_message("sent", "a", "{}", id="", receiver=None, expires_at=NOW + HOUR)
    with bench.reading() as store:
        assert [(row.match, row.message_id) for row in store.list_messages("paid", NOW + 1, 10)] == [
            ("a", "m-a"), ("d", "m-d"),
        ]  # fmt: skip
        assert [row.match for row in store.list_messages("paid", NOW, 2)] == ["a", "c"]


def test_what_begins_a_definition_is_listed(bench):
    with bench.writing():
        row = bench.store.add_definition("process", "p", "d-p", b"{}", NOW)
        bench.store.put_starts(row, [StartOn("signal", "fire", "s2"), StartOn("message", "paid", "s1")])
    with bench.reading() as store:
        assert store.list_starts(row.id) == [StartOn("message", "paid", "s1"), StartOn("signal", "fire", "s2")]
        assert store.list_starts(row.id + 99) == []
