"""Whole pipelines from servers whose binlog says less, or says it otherwise: nothing is lost and nothing is false."""

from __future__ import annotations

import pytest

from actors.control import launch
from ingest.config.model import Config
from tests.kit.lab import Lab

pytestmark = pytest.mark.integration

TABLE = """CREATE TABLE t (
    id INT UNSIGNED NOT NULL, code VARCHAR(20) CHARACTER SET gbk NOT NULL, small TINYINT UNSIGNED, born YEAR,
    big BIGINT UNSIGNED, amount DECIMAL(20,6), state ENUM('new','done','退回') CHARACTER SET utf8, tags SET('a','b','c'),
    note TEXT CHARACTER SET latin1, at DATETIME(6), raw VARBINARY(20), bits BIT(9), PRIMARY KEY (id, code)
) DEFAULT CHARSET utf8"""
INSERT = "INSERT INTO t VALUES (%s, '顺丰', 200, 2026, 18446744073709551615, -1.5, '退回', 'a,c', 'né', '2026-01-02 03:04:05.678901', X'00FF', NULL)"

TOUCH = "UPDATE t SET amount = amount + 1"
"""An ALTER writes no document anew: every row is changed after it. (What a dropped or renamed column leaves behind in
HBase stays there: so the one that is renamed held nothing.)"""


def change_everything(lab: Lab) -> None:
    """Every kind of change, with a change of the table's definition in the middle."""
    lab.sql(TABLE, *(INSERT % key for key in range(1, 30)))
    lab.sql("UPDATE t SET small = 255, note = NULL WHERE id < 10", "UPDATE t SET id = 1000 WHERE id = 5")
    lab.sql("ALTER TABLE t ADD COLUMN extra INT UNSIGNED FIRST, MODIFY small SMALLINT UNSIGNED")
    lab.sql("UPDATE t SET extra = 4000000000, small = 65535 WHERE id > 20", "DELETE FROM t WHERE id = 7")
    lab.sql(TOUCH)


def change_again(lab: Lab) -> None:
    """What happens while the pipeline isn't there."""
    lab.sql(
        "ALTER TABLE t MODIFY extra BIGINT UNSIGNED AFTER note, CHANGE bits flags BIT(9), ADD COLUMN last VARCHAR(9) DEFAULT 'é'"
    )
    lab.sql("UPDATE t SET extra = 18446744073709551615 WHERE id < 15", "DELETE FROM t WHERE id = 8")
    lab.sql("CREATE TABLE later (a INT PRIMARY KEY, b TINYINT UNSIGNED)", "INSERT INTO later VALUES (1, 255)", TOUCH)


def configuration(lab: Lab) -> Config:
    """Both sinks; Elasticsearch is told what is larger than its long."""
    large = '{ big = { type = "keyword" }, extra = { type = "keyword" } }'
    to = f'{{ index = "{lab.name}-{{table}}", mapping = {{ properties = {large} }} }}'
    return lab.config(elasticsearch_to=to)


def check_twice(lab: Lab) -> None:
    """The pipeline from the start, then once more from its frontier: both sinks equal MySQL."""
    change_everything(lab)
    config = configuration(lab)
    with launch(config) as pipeline:
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
    change_again(lab)
    with launch(config) as pipeline:
        lab.settle(pipeline)
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}


def test_mysql_5_6(old_lab: Lab) -> None:
    """Without column metadata in the binlog: names, signs and charsets come from the schema history, over ALTERs and
    over a restart."""
    check_twice(old_lab)


def test_minimal_row_metadata(lab: Lab) -> None:
    """The same with MySQL 9's default, binlog_row_metadata = MINIMAL."""
    lab.sql("SET GLOBAL binlog_row_metadata = MINIMAL")
    try:
        check_twice(lab)
    finally:
        lab.sql("SET GLOBAL binlog_row_metadata = FULL")


def test_compressed_and_tagged_transactions(lab: Lab) -> None:
    """Compressed transactions and tagged GTIDs arrive like all others, and the frontier holds the tags."""
    lab.sql("SET SESSION binlog_transaction_compression = ON", "SET SESSION gtid_next = 'AUTOMATIC:parcels'")
    change_everything(lab)
    assert ":parcels:" in lab.executed()
    config = configuration(lab)
    with launch(config) as pipeline:
        lab.settle(pipeline)
        (status,) = pipeline.status()
        assert all(":parcels:" in lane.frontier for lane in status.lanes)
        assert lab.differences(config) == {"elasticsearch": 0, "hbase": 0}
