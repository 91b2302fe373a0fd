"""The kinds of a slice's rows as a sequence over their bytes: no Python object per row until one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from ingest.slices import Kind

_KINDS = {kind.value: kind for kind in Kind}


class RowKinds(Sequence[Kind]):
    """``codes``: one kind's number per row, all of them known; ``bytes()`` of this gives them back."""

    def __init__(self, codes: bytes) -> None:
        self._codes = codes

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Kind]:
        return (_KINDS[code] for code in self._codes)

    @overload
    def __getitem__(self, index: int) -> Kind: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Kind]: ...
    def __getitem__(self, index: int | slice) -> Kind | Sequence[Kind]:
        return RowKinds(self._codes[index]) if isinstance(index, slice) else _KINDS[self._codes[index]]

    def __bytes__(self) -> bytes:
        return self._codes
