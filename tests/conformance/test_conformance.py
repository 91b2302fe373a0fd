"""What every sink must do (``ingest.sinks``), on the reference sink and on real servers.

The invariants of the design that these check: 2 (no document moves back in time), 3 (a replay changes nothing that can
be seen), and of 1 that what is answered DONE is there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

import pytest

from actors.drivers.sinks import Driver
from actors.stack import Hbase
from ingest.problems import WorldProblem
from ingest.sinks.contract import ItemResult, Outcome, Request
from tests.conformance.harness import SinkUnderTest, hbase_sink
from tests.kit.sink_operations import Change, Document

KEYS = [f"k{number}" for number in range(12)]
APPLIED = {Outcome.DONE, Outcome.NEWER}


def written(version: int) -> int:
    """The version of a write; the one below is that of a deletion by the same row change."""
    return version * 2 + 1


def document(number: int, **more: object) -> Document:
    return {"id": number, "name": f"näme {number} 😀", "amount": Decimal(number) / 100, "size": str(number), **more}


def history(seed: int, parcels: int) -> list[list[Change]]:
    """Parcels of changes as they come from the reader: versions rise from parcel to parcel, a key stands once in each,
    and the order within one is any.
    """
    rng = random.Random(seed)
    made: list[list[Change]] = []
    number = 0
    for _ in range(parcels):
        parcel: list[Change] = []
        for key in rng.sample(KEYS, rng.randint(1, len(KEYS))):
            number += 1
            if rng.random() < 0.3:
                parcel.append((key, number * 2, None))
            else:
                parcel.append((key, written(number), document(number, name=rng.choice([None, "", "x"]))))
        rng.shuffle(parcel)
        made.append(parcel)
    return made


def send_all(driver: Driver, requests: Sequence[Request[bytes]]) -> list[ItemResult]:
    results = []
    for request in requests:
        answers = driver.send(request)
        assert len(answers) == len(request.items)
        results += answers
    return results


def assert_applied(results: Sequence[ItemResult]) -> None:
    assert {result.outcome for result in results} <= APPLIED, results


def test_what_is_done_is_there(sink: SinkUnderTest, driver: Driver) -> None:
    """Every document that was answered DONE reads back with exactly its values, by key and by scan, at once."""
    changes: list[Change] = [(f"a/b c?{n}é", written(n), document(n)) for n in range(1, 31)]
    results = send_all(driver, sink.encode(changes))
    assert {result.outcome for result in results} == {Outcome.DONE}
    assert sink.found(driver) == sink.expected(changes)
    keys = [key for key, _, _ in changes]
    fetched = driver.fetch(sink.target, [*keys, "nothing"])
    assert [one.fields if one else None for one in fetched] == [*sink.expected(changes).values(), None]
    assert all(
        one is not None and one.version >= (version // 2 if sink.committed else version)
        for one, (_, version, _) in zip(fetched, changes, strict=False)
    )


def test_null_replaces_a_value(sink: SinkUnderTest, driver: Driver) -> None:
    """A field that became NULL is NULL in the sink, not what it was; and the other way round."""
    steps: list[Change] = [
        ("k", written(1), document(1)),
        ("k", written(2), document(2, name=None, amount=None)),
        ("k", written(3), document(3, size=None)),
    ]
    for number, step in enumerate(steps):
        assert_applied(send_all(driver, sink.encode([step])))
        assert sink.found(driver) == sink.expected(steps[: number + 1])


@pytest.mark.parametrize("seed", range(3))
def test_order_per_key(sink: SinkUnderTest, driver: Driver, seed: int) -> None:
    """After each parcel the sink shows the newest change of every key, whatever the order within the parcel."""
    applied: list[Change] = []
    for parcel in history(seed, parcels=6):
        assert_applied(send_all(driver, sink.encode(parcel)))
        applied += parcel
        assert sink.found(driver) == sink.expected(applied)


@pytest.mark.parametrize("seed", range(2))
def test_replay_changes_nothing(sink: SinkUnderTest, driver: Driver, seed: int) -> None:
    """The whole history again, then its requests in any order and in parts: nothing that can be seen changes."""
    rng = random.Random(seed)
    parcels = history(seed, parcels=5)
    everything = [change for parcel in parcels for change in parcel]
    requests = [request for parcel in parcels for request in sink.encode(parcel)]
    send_all(driver, requests)
    for replay in (requests, rng.sample(requests, len(requests))):
        assert_applied(send_all(driver, replay))
        assert sink.found(driver) == sink.expected(everything)
    for request in rng.sample(requests, len(requests)):
        part = request.only(sorted(rng.sample(range(len(request.items)), rng.randint(1, len(request.items)))))
        assert_applied(send_all(driver, [part]))
    assert sink.found(driver) == sink.expected(everything)


def test_replay_in_other_batches(sink: SinkUnderTest, driver: Driver) -> None:
    """The same changes cut into other requests end in the same state: nothing depends on the batches."""
    parcels = history(7, parcels=5)
    everything = [change for parcel in parcels for change in parcel]
    for parcel in parcels:
        send_all(driver, sink.encode(parcel))
    for change in sorted(everything, key=lambda change: change[1]):
        assert_applied(send_all(driver, sink.encode([change])))
    assert sink.found(driver) == sink.expected(everything)


def test_stale_version_is_without_effect(sink: SinkUnderTest, driver: Driver) -> None:
    """An older write and an older deletion, from a forgotten process, change nothing and count as applied."""
    now: Change = ("k", written(10), document(10))
    send_all(driver, sink.encode([now]))
    stale: list[Change] = [("k", written(5), document(5)), ("k", 12, None), ("k", written(9), document(9, name=None))]
    for one in stale:
        assert_applied(send_all(driver, sink.encode([one])))
        assert sink.found(driver) == sink.expected([now])


def test_deleted_stays_deleted(sink: SinkUnderTest, driver: Driver) -> None:
    """After a deletion an older write stays without effect, also of a document that never was there; a newer one
    brings it back.
    """
    send_all(driver, sink.encode([("was", written(1), document(1))]))
    assert_applied(send_all(driver, sink.encode([("was", 20, None), ("never", 22, None)])))
    assert_applied(
        send_all(driver, sink.encode([("was", written(5), document(5)), ("never", written(6), document(6))]))
    )
    assert sink.found(driver) == {}
    again: list[Change] = [("was", written(30), document(30))]
    assert_applied(send_all(driver, sink.encode(again)))
    assert sink.found(driver) == sink.expected(again)


def test_write_beats_deletion_of_the_same_change(sink: SinkUnderTest, driver: Driver) -> None:
    """One row change that deletes at the old place and writes at the new one, where both are the same place: the
    document stays, in either order.
    """
    if sink.committed:
        pytest.skip("both have one commit time: the deletion wins (test_commit_times_are_weaker)")
    for number, order in ((5, [0, 1]), (8, [1, 0])):
        pair: list[Change] = [("k", number * 2, None), ("k", written(number), document(number))]
        for index in order:
            assert_applied(send_all(driver, sink.encode([pair[index]])))
        assert sink.found(driver) == sink.expected(pair)


def test_poison_is_named_and_alone(sink: SinkUnderTest, driver: Driver) -> None:
    """A document that the sink never takes is POISON in its own place, in the sink's words; all others are applied."""
    changes: list[Change] = [(f"k{n:02}", written(n), document(n)) for n in range(1, 7)]
    changes[3] = ("k04", written(4), document(4, size=sink.bad))
    results = send_all(driver, sink.encode(changes))
    assert [result.outcome for result in results] == [
        Outcome.POISON if key == "k04" else Outcome.DONE for key, _, _ in changes
    ]
    assert results[3].reason
    assert results[3].detail
    assert sink.found(driver) == sink.expected([change for change in changes if change[0] != "k04"])


def test_only_poison(sink: SinkUnderTest, driver: Driver) -> None:
    """A request of nothing but bad documents gives POISON for each."""
    changes: list[Change] = [(f"k{n}", written(n), document(n, size=sink.bad)) for n in range(1, 3)]
    assert {result.outcome for result in send_all(driver, sink.encode(changes))} == {Outcome.POISON}
    assert sink.found(driver) == {}


def test_keys_that_the_sink_cannot_have(sink: SinkUnderTest, driver: Driver) -> None:
    """A key that would fail a whole request is POISON in its place, and the others are applied."""
    changes: list[Change] = [
        ("a", written(1), document(1)),
        ("", written(2), document(2)),
        ("b", written(3), document(3)),
    ]
    results = send_all(driver, sink.encode(changes))
    assert [result.outcome for result in results] == [Outcome.DONE, Outcome.POISON, Outcome.DONE]
    assert set(sink.found(driver)) == {"a", "b"}


def test_poison_does_not_stop_later_changes(sink: SinkUnderTest, driver: Driver) -> None:
    """A good change of the same key, sent after a bad one, is applied."""
    send_all(driver, sink.encode([("k", written(1), document(1, size=sink.bad))]))
    good: list[Change] = [("k", written(2), document(2))]
    assert_applied(send_all(driver, sink.encode(good)))
    assert sink.found(driver) == sink.expected(good)


def test_lifecycle_is_idempotent(sink: SinkUnderTest) -> None:
    """open, prepare and close can each be called again; a closed driver opens again."""
    driver = sink.new_driver()
    driver.close()
    for _ in range(2):
        driver.open()
        driver.open()
        driver.prepare([sink.target])
        driver.prepare([sink.target, sink.target])
        driver.close()
        driver.close()
    driver.open()
    assert sink.found(driver) == {}
    driver.close()


@pytest.mark.integration
def test_commit_times_are_weaker(hbase: Hbase) -> None:
    """What ``timestamps = "commit_time"`` doesn't promise, and PROMISES.md says so: a row that is written again in the
    millisecond of its deletion is gone, and what was committed by a clock that went back lies beneath."""
    sink = hbase_sink(hbase, committed=True).at("conformance-weaker")
    driver = sink.new_driver()
    driver.open()
    driver.prepare([sink.target])
    for step in ([("tie", written(5), document(5))], [("tie", 2 * 6, None)], [("tie", written(6), document(6))]):
        assert_applied(send_all(driver, sink.encode(step)))
    for step in ([("back", written(9), document(9))], [("back", written(8), document(8))]):
        assert_applied(send_all(driver, sink.encode(step)))
    assert sink.found(driver) == sink.expected([("back", written(9), document(9))])
    driver.close()


@pytest.mark.slow
def test_server_restarts(stoppable: SinkUnderTest) -> None:
    """While the server is away, open and send raise a WorldProblem; when it is back, the same drivers work, whether or
    not they were closed in between, and nothing that was acknowledged is lost.
    """
    sink = stoppable
    kept, closed = sink.new_driver(), sink.new_driver()
    sent: list[Change] = [("a", written(1), document(1))]
    for driver in (kept, closed):
        driver.open()
        driver.prepare([sink.target])
        assert_applied(send_all(driver, sink.encode(sent)))
    steps: list[list[Change]] = [
        [("a", written(number), document(number)), (f"new{number}", written(number), document(number))]
        for number in (2, 3)
    ]
    sink.stop()
    for driver, step in zip((kept, closed), steps, strict=True):
        with pytest.raises(WorldProblem):
            send_all(driver, sink.encode(step))
    closed.close()
    for driver in (closed, sink.new_driver()):
        with pytest.raises(WorldProblem):
            driver.open()
    sink.start()
    closed.open()
    closed.prepare([sink.target])
    for driver, step in zip((kept, closed), steps, strict=True):
        assert_applied(send_all(driver, sink.encode(step)))
        sent += step
        assert sink.found(driver) == sink.expected(sent)
        driver.close()
