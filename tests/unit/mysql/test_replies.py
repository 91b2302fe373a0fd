"""Error numbers and texts of real servers to Problems."""

from __future__ import annotations

import pickle

import pytest

from ingest.mysql import replies
from ingest.mysql.replies import problem_of_dump_reply, problem_of_reply
from ingest.problems import DataProblem, ProblemCode, WorldProblem, catalogue

WHERE = {"host": "127.0.0.1:3306", "user": "repl"}

# What MySQL 5.6.24 and 9.7.4 were seen to say in error 1236.
FATAL_TEXTS = [
    (
        "A replica with the same server_uuid/server_id as this replica has connected to the source; the first event '' at 4",
        replies.SERVER_ID_TAKEN,
    ),
    ("A slave with the same server_uuid/server_id as this slave has connected to the master", replies.SERVER_ID_TAKEN),
    (
        "Cannot replicate because the source purged required binary logs. Replicate the missing transactions from elsewhere",
        replies.PURGED,
    ),
    (
        "The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master has purged binary logs containing GTIDs that the slave requires.",
        replies.PURGED,
    ),
    (
        "Replica has more GTIDs than the source has, using the source's SERVER_UUID. This may indicate that the the last binary log file was truncated or lost",
        replies.FRONTIER_AHEAD,
    ),
    (
        "Slave has more GTIDs than the master has, using the master's SERVER_UUID. This may indicate that the end of the binary log was truncated",
        replies.FRONTIER_AHEAD,
    ),
    (
        "The replication sender thread cannot start in AUTO_POSITION mode: this server has GTID_MODE = OFF instead of ON.",
        replies.GTID_MODE_OFF,
    ),
    ("Binary log is not open", replies.LOG_BIN_OFF),
    (
        "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source",
        replies.EVENT_OVER_SERVER_LIMIT,
    ),
    ("bogus data in log event; the first event 'binlog.000001' at 4", replies.BINLOG_DAMAGED),
    (
        "event read from binlog did not pass checksum algorithm check specified on --binlog-checksum option",
        replies.BINLOG_DAMAGED,
    ),
    ("something that a later version may say", replies.REFUSED),
]


@pytest.mark.parametrize(("text", "code"), FATAL_TEXTS)
def test_fatal_dump_errors_by_text(text: str, code: ProblemCode) -> None:
    """Error 1236 has many meanings; each is a DataProblem of its own name and carries the server's words."""
    problem = problem_of_dump_reply(1236, text, WHERE)
    assert isinstance(problem, DataProblem)
    assert problem.code is code
    assert text in problem.what
    assert problem.where["host"] == "127.0.0.1:3306"


def test_purged_names_the_missing_transactions() -> None:
    """MySQL 5.6 doesn't say which transactions are gone; the problem does, and doesn't say it twice for 9."""
    gone = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:1-9"
    assert gone in problem_of_dump_reply(1236, "but the master has purged binary logs", WHERE, gone).what
    said = f"purged required binary logs; the missing transactions are '{gone}'"
    assert problem_of_dump_reply(1236, said, WHERE, gone).what.count(gone) == 1


def test_a_binlog_that_goes_under_the_stream_is_looked_for_again() -> None:
    """RESET or PURGE under an open dump: opening anew says what is missing, if anything is."""
    problem = problem_of_dump_reply(1236, "could not find next log; the first event 'b.1' at 4", WHERE)
    assert isinstance(problem, WorldProblem)
    assert problem.code is replies.BINLOG_GONE
    assert isinstance(
        problem_of_dump_reply(1236, "Could not find first log file name in binary log index", WHERE), DataProblem
    )


@pytest.mark.parametrize("number", [1040, 2003, 2006, 2013, 1053, 1317, 4031])
def test_the_worlds_errors_are_retried(number: int) -> None:
    """Too many connections, no connection, shutdown, killed: trying again may help, in a dump as elsewhere."""
    assert isinstance(problem_of_reply(number, "text", WHERE), WorldProblem)
    assert isinstance(problem_of_dump_reply(number, "text", WHERE), WorldProblem)


@pytest.mark.parametrize("number", [1045, 1044, 1130, 1698, 3118, 1820, 3159, 2026, 2059, 1142, 1227])
def test_accounts_and_grants_stop(number: int) -> None:
    """What only a person can mend is a DataProblem."""
    assert isinstance(problem_of_reply(number, "text", WHERE), DataProblem)


@pytest.mark.parametrize("number", [0, 1, 9999, 65535])
def test_an_unknown_number_stops_with_the_servers_words(number: int) -> None:
    """Invariant 5: an answer that isn't understood is never taken for a passing trouble."""
    problem = problem_of_reply(number, "odd words", WHERE)
    assert isinstance(problem, DataProblem)
    assert "odd words" in str(problem)
    assert str(number) in str(problem)


def test_problems_survive_pickling() -> None:
    """They cross Ray actors."""
    problem = problem_of_dump_reply(1236, "purged", WHERE, "x:1")
    copy = pickle.loads(pickle.dumps(problem))
    assert str(copy) == str(problem)
    assert type(copy) is DataProblem


def test_every_code_has_a_remedy() -> None:
    """Each code of this package says what to do next."""
    codes = [code for name, code in catalogue().items() if name.startswith("mysql.")]
    assert len(codes) > 15
    assert all(len(code.remedy) > 20 for code in codes)
