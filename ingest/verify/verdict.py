"""What a comparison found, per lane: counts in full, the first differences in detail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.verify.comparison import Difference

KEPT_MAX = 100
"""How many differences are kept in detail."""


@dataclass(frozen=True, slots=True)
class LaneVerdict:
    """One lane compared.

    ``rows`` read of MySQL; ``documents`` that they should give; ``found``: documents in the sink; ``dropped``: rows that
    a rule leaves out, by reason; ``behind``: transactions that the lane hadn't applied, standing still;
    ``agreed_later``: rows that differed at first (writes were going on) and agreed then; ``kinds``: documents, not
    fields, that differ, by kind (``unsettled``: their rows kept changing); ``details``: the first of them.
    """

    lane: str
    sink: str
    rows: int
    documents: int
    found: int
    agreed_later: int
    behind: int
    dropped: Mapping[str, int]
    kinds: Mapping[str, int]
    details: Sequence[Difference]
    seconds: float

    @property
    def differences(self) -> int:
        """Documents that are missing, differ, or are too many."""
        return sum(self.kinds.values())

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "lane": self.lane,
            "sink": self.sink,
            "rows": self.rows,
            "documents": self.documents,
            "found": self.found,
            "agreed_later": self.agreed_later,
            "behind": self.behind,
            "dropped": dict(self.dropped),
            "differences": self.differences,
            "kinds": dict(self.kinds),
            "details": [difference_json(one) for one in self.details],
            "seconds": round(self.seconds, 3),
        }


@dataclass(slots=True)
class Tally:
    """Collects differences: all are counted, the first ``KEPT_MAX`` kept."""

    kinds: Counter[str] = field(default_factory=Counter)
    details: list[Difference] = field(default_factory=list)

    def add(self, document: Sequence[Difference], kind: str | None = None) -> None:
        """The differences of one document (at least one); counted under their kind, or another."""
        self.kinds[kind or document[0].kind] += 1
        self.details += document[: KEPT_MAX - len(self.details)]


def difference_json(difference: Difference) -> dict[str, object]:
    """One difference for programs."""
    shown: dict[str, object] = {"kind": difference.kind, "target": difference.target, "key": difference.key}
    if difference.field:
        shown |= {"field": difference.field, "expected": difference.expected, "found": difference.found}
    return shown
