"""Which rule's target a rendered name comes from: ``orders-7`` from the template ``orders-{station}``.

Drivers see names of indices and tables; how to create or check one stands in the target of the rule. Where several
templates fit a name, the most specific one wins (most literal characters), then the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


class Templated(Protocol):
    """A rule's target."""

    @property
    def target_template(self) -> str:
        """The template of the index's or table's name."""


TargetT = TypeVar("TargetT", bound=Templated)


def target_of(name: str, targets: Sequence[TargetT]) -> TargetT | None:
    """The target whose template fits a rendered name best, or None."""
    return max(fitting(name, targets), key=lambda target: _literal_length(target.target_template), default=None)


def fitting(name: str, targets: Sequence[TargetT]) -> list[TargetT]:
    """Every target whose template fits a rendered name."""
    return [target for target in targets if _pattern(target.target_template).fullmatch(name)]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _PLACEHOLDER.split(template)), re.DOTALL)


def _literal_length(template: str) -> int:
    return len(_PLACEHOLDER.sub("", template))
