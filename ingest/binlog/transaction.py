"""Where the stream stands within a transaction: what begins one, what ends it, and what can't be followed.

A GTID event begins a transaction (a *group*). ``BEGIN ... XID`` or ``BEGIN ... COMMIT`` holds row changes; a DDL or
administrative statement is a group by itself, and ends with its QUERY event. Three things undo or delay row changes
that were already streamed, so they stop the lane by name: a ROLLBACK (or ROLLBACK TO) behind row changes, which a
transaction over non-transactional tables leaves; and XA, whose rows come with XA PREPARE and take effect, or not, by
a later group's XA COMMIT or XA ROLLBACK. XA groups without row changes pass.

Invariant: every event lies within a group that has a GTID.
"""

from __future__ import annotations

import itertools
import re

from ingest.binlog.cursor import Damage
from ingest.binlog.statements import words_of
from ingest.problems import DataProblem, declare

XA = declare(
    "binlog.xa",
    "An XA transaction changes rows; whether they count is decided by a later event.",
    "Let the applications write without XA. To go on: wait until no XA transaction is prepared (XA RECOVER is empty), "
    "take a new snapshot of the tables, and start the lane behind these transactions.",
)
ROLLBACK = declare(
    "binlog.rollback",
    "A transaction's row changes, already streamed, are rolled back in the binlog.",
    "It changed non-transactional tables: convert them to InnoDB, take a new snapshot of the tables it wrote, and "
    "start the lane behind this transaction.",
)
NO_GTID = declare(
    "binlog.no_gtid",
    "The source writes transactions without GTIDs.",
    "Set gtid_mode=ON and enforce_gtid_consistency=ON on the source.",
)
TRANSACTION_CUT = declare(
    "binlog.transaction_cut",
    "A transaction begins before the previous one has ended.",
    "The source's binlog lost the end of a transaction, as after a crash: take another replica as source.",
)

_CONTROL = re.compile(rb"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA|START)\b", re.IGNORECASE)


class TransactionState:
    """Follows one dump's transactions. Methods are called in binlog order; each may raise DataProblem."""

    __slots__ = ("_explicit", "_rows", "_xa", "gtid")

    def __init__(self) -> None:
        #: The open transaction's GTID, or None between transactions.
        self.gtid: str | None = None
        self._explicit = False
        self._rows = False
        self._xa = False

    def begin(self, gtid: str) -> None:
        """A GTID event."""
        if self.gtid is not None:
            raise DataProblem(TRANSACTION_CUT, f"{gtid} begins within {self.gtid}")
        self.gtid = gtid
        self._explicit = self._rows = self._xa = False

    def rows(self) -> None:
        """A rows event."""
        self.require()
        if self._xa:
            raise DataProblem(XA, "an XA transaction has row changes", {"gtid": self.gtid})
        self._rows = True

    def require(self) -> str:
        """The open transaction's GTID. DataProblem ``binlog.no_gtid`` when none is open."""
        if self.gtid is None:
            raise DataProblem(NO_GTID, "a transaction has no GTID event")
        return self.gtid

    def end(self) -> str:
        """The transaction is complete: its GTID."""
        gtid = self.require()
        self.gtid = None
        return gtid

    def query(self, sql: bytes) -> bool | None:
        """A QUERY event: True when it completes the transaction, False when it goes on, None when it is no transaction
        control but a statement (see ``statement_ends``)."""
        self.require()
        if sql == b"BEGIN":
            self._explicit = True
            return False
        if sql == b"COMMIT":
            return True
        return self._control(sql) if _CONTROL.match(sql) else None

    def statement_ends(self) -> bool:
        """Whether a statement just seen is a group by itself."""
        return not self._explicit

    def prepared(self, one_phase: bool) -> None:
        """An XA_PREPARE event, which ends the group: of a transaction without row changes, as ``rows`` made sure."""
        self.require()
        if self._rows:  # rows without XA START before them
            raise DataProblem(XA, f"an XA transaction has row changes (one phase: {one_phase})", {"gtid": self.gtid})

    def _control(self, sql: bytes) -> bool | None:
        words = [*itertools.islice(words_of(sql[:4096].decode("latin-1")), 3), "", ""]
        first, second = words[:2]
        if first == "ROLLBACK":
            return self._rollback(to_savepoint="TO" in words)
        if first == "XA":
            return self._xa_statement(second)
        if first == "START" and second != "TRANSACTION":
            return None
        if first in ("BEGIN", "START"):
            self._explicit = True
        return first == "COMMIT"

    def _rollback(self, to_savepoint: bool) -> bool:
        if self._rows:
            what = "ROLLBACK TO a savepoint" if to_savepoint else "ROLLBACK"
            raise DataProblem(ROLLBACK, f"{what} behind row changes", {"gtid": self.gtid})
        return not to_savepoint

    def _xa_statement(self, verb: str) -> bool:
        """XA START and END go on, to an XA_PREPARE event; XA COMMIT makes changes count that came long before."""
        if verb == "COMMIT":
            what = "XA COMMIT: row changes of an earlier transaction take effect"
            raise DataProblem(XA, what, {"gtid": self.gtid})
        if verb in ("START", "BEGIN", "END"):
            self._xa = self._explicit = True
            return False
        if verb == "ROLLBACK":
            return True
        raise Damage(f"XA {verb} isn't known")
