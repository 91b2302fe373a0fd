"""ingest.sinks.json_documents: record batches as JSON documents."""

from __future__ import annotations

import json

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ingest.sinks.json_documents import json_documents

names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@given(names, st.data())
def test_documents_parse_to_the_values(columns: list[str], data: st.DataObject) -> None:
    """Whatever the field names (percent signs, quotes) and texts, each row is one line of JSON with its values."""
    row = st.tuples(*[st.one_of(st.none(), st.text(max_size=8)) for _ in columns])
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    batch = pa.RecordBatch.from_arrays(
        [pa.array([one[index] for one in rows], pa.string()) for index in range(len(columns))], columns
    )
    found = json_documents(batch)
    assert [json.loads(text) for text in found] == [dict(zip(columns, one, strict=True)) for one in rows]
    assert not any("\n" in text for text in found)


def test_no_columns() -> None:
    """A document without fields is an empty object."""
    batch = pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))
    assert list(json_documents(batch)) == ["{}", "{}"]
