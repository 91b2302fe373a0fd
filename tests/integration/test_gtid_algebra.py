"""GTID sets against a real server: its functions, and the dump that it sends for our encoding."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.stack import Mysql
from ingest.binlog.gtid import GtidSet
from ingest.codec import TransactionBegin
from tests.kit.binlog_capture import dump
from tests.kit.binlog_reading import events_of

pytestmark = pytest.mark.integration


def test_dump_from_a_gtid_set_with_gaps(mysql9: Mysql) -> None:
    """The server understands our encoded set, tagged or not: it sends exactly what is missing, gaps included."""
    with mysql9.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS gtid_algebra")
        cursor.execute("SELECT @@GLOBAL.gtid_executed")
        before = GtidSet.parse(cursor.fetchone()[0])
        for gtid_next in ("AUTOMATIC", "AUTOMATIC:red", "AUTOMATIC:green"):
            cursor.execute(f"SET gtid_next = '{gtid_next}'")
            for number in range(6):
                cursor.execute(f"CREATE TABLE gtid_algebra.t{number} (id int)")
                cursor.execute(f"DROP TABLE gtid_algebra.t{number}")
        cursor.execute("SET gtid_next = 'AUTOMATIC'")
        cursor.execute("SELECT @@GLOBAL.gtid_executed")
        everything = GtidSet.parse(cursor.fetchone()[0])
    newest = {tsid: last for tsid, _, last in everything.subtract(before).intervals()}
    missing = GtidSet.parse(",".join(f"{tsid}:{last}:{last - 3}-{last - 2}" for tsid, last in newest.items()))
    for wanted in (missing, GtidSet.parse(next(f"{t}:{n}" for t, n in newest.items() if len(t) == 36)), GtidSet()):
        events = events_of(dump(mysql9, everything.subtract(wanted)))
        begins = [event.gtid for event in events if isinstance(event, TransactionBegin)]
        assert GtidSet.parse(",".join(begins)) == wanted
        assert len(begins) == wanted.count()


gtid_numbers = st.frozensets(st.integers(1, 40), max_size=25)
gtid_sets = st.fixed_dictionaries(
    dict.fromkeys((f"{'a' * 8}-{'1' * 4}-{'1' * 4}-{'1' * 4}-{'b' * 12}", "x", "x:tag", "x:t_2"), gtid_numbers)
).map(
    lambda sets: ",".join(
        ":".join([name.replace("x", "3e11fa47-71ca-11e1-9e33-c80aa9429562"), *map(str, sorted(numbers))])
        for name, numbers in sets.items()
        if numbers
    )
)


def test_gtid_algebra_is_mysqls(mysql9: Mysql) -> None:
    """Text, difference and subset agree with GTID_SUBTRACT and GTID_SUBSET of a real server."""
    with mysql9.connect() as connection, connection.cursor() as cursor:

        @settings(max_examples=300, deadline=None)
        @given(gtid_sets, gtid_sets)
        def agree(left: str, right: str) -> None:
            mine, theirs = GtidSet.parse(left), GtidSet.parse(right)
            cursor.execute(
                "SELECT GTID_SUBTRACT(%s, ''), GTID_SUBTRACT(%s, %s), GTID_SUBSET(%s, %s)",
                (left, left, right, left, right),
            )
            canonical, difference, subset = cursor.fetchone()
            assert str(mine) == canonical.replace("\n", "")
            assert str(mine.subtract(theirs)) == difference.replace("\n", "")
            assert mine.issubset(theirs) == bool(subset)

        agree()
