"""ingest.lane.statements: what a statement in the stream does to a lane."""

from __future__ import annotations

import pytest

from ingest.codec import Statement
from ingest.lane.statements import LaneStatements
from ingest.schema import TableName


def captures(table: TableName) -> bool:
    """Captured: d.t, and with ANY_TABLE whatever is in d."""
    return table.database == "d" and table.table in ("t", "")


@pytest.mark.parametrize(
    ("sql", "stopped_by", "kept_by"),
    [
        ("INSERT INTO t VALUES (1)", "binlog.statement_dml", "binlog.statement_dml"),
        ("UPDATE d.t JOIN e.u USING (id) SET t.a = u.a", "binlog.statement_dml", "binlog.statement_dml"),
        ("DELETE FROM e.u", "", ""),
        ("TRUNCATE t", "binlog.table_emptied", ""),
        ("DROP TABLE e.u, d.t", "binlog.table_emptied", ""),
        ("DROP TABLE e.u", "", ""),
        ("DROP DATABASE d", "binlog.table_emptied", ""),
        ("DROP DATABASE e", "", ""),
        ("ALTER TABLE d.t DROP PARTITION p0", "binlog.table_emptied", ""),
        ("ALTER TABLE e.t DROP PARTITION p0", "", ""),
        ("ALTER TABLE e.u EXCHANGE PARTITION p0 WITH TABLE d.t", "binlog.rows_brought", "binlog.rows_brought"),
        ("ALTER TABLE t IMPORT TABLESPACE", "binlog.rows_brought", "binlog.rows_brought"),
        ("ALTER TABLE t ADD COLUMN b INT", "", ""),
        ("IMPORT TABLE FROM 'x.sdi'", "binlog.statement_unknown", "binlog.statement_unknown"),
        ("FROBNICATE t", "binlog.statement_unknown", "binlog.statement_unknown"),
        ("GRANT SELECT ON d.t TO u", "", ""),
        ("BEGIN", "", ""),
    ],
)
def test_judgement(sql: str, stopped_by: str, kept_by: str) -> None:
    """Only what touches a captured table stops the lane; with truncate = "keep" documents of lost rows may stay."""
    statement = Statement("d", sql)
    for policy, expected in (("stop", stopped_by), ("keep", kept_by)):
        problem = LaneStatements(policy).judge(statement, captures)  # type: ignore[arg-type]
        assert (problem.code.name if problem else "") == expected
        assert problem is None or sql in problem.what
