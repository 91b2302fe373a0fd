"""Row images made of what SELECT gives: they decode to what SELECT shows, for every type, on the oldest and newest server."""

from __future__ import annotations

import pytest

from actors.drivers.mysql.session import ConnectOptions
from actors.snapshot.rows import SelectedRows
from actors.stack import Mysql
from ingest.binlog.table_map import table_schema
from ingest.mysql.endpoint import Credentials, Endpoint
from ingest.rules.match import TablePattern
from ingest.slices import Kind
from ingest.snapshot.chunks import TableQueries
from ingest.snapshot.images import RowImages, image_expression
from ingest.snapshot.table_map import table_map_of
from tests.integration.test_types import DATABASE, alike, cases_of, session, values
from tests.kit.binlog_slices import slice_of
from tests.kit.codecs import EverySliceDecoder
from tests.kit.selected_rows import selected

pytestmark = pytest.mark.integration


def test_every_type(server: Mysql) -> None:
    """Invariant 5: tables of every type, read in chunks, made images of, and decoded by every codec there is, are what
    SELECT shows; and a table's schema comes back from what a slice carries of it."""
    cases = cases_of(server)
    with session(server) as cursor:
        for case in cases:
            cursor.execute(f"CREATE TABLE `{case.name}` (id INT PRIMARY KEY AUTO_INCREMENT, c {case.ddl})")
            for literal in (*case.literals, "NULL"):
                cursor.execute(f"INSERT IGNORE INTO `{case.name}` (c) VALUES ({literal})")
        host, port = server.address.rsplit(":", 1)
        options = ConnectOptions(Credentials("root", ""))
        with SelectedRows([Endpoint(host, int(port))], options) as rows:
            schemas = rows.schemas([TablePattern(DATABASE, "*")])
            assert len(schemas) == len(cases)
            for schema in schemas:
                body, supplement = table_map_of(schema)
                assert table_schema(body, supplement) == schema
                made = RowImages(schema)
                queries = TableQueries(schema, tuple(range(len(schema.columns))), image_expression)
                images = [image for texts, _ in rows.chunks(queries, 7) for image in made.of(texts)]
                part = slice_of(body, Kind.INSERT, [b""] * len(images), images, made.present, made.present, supplement)
                found = EverySliceDecoder().decode(part, range(len(schema.columns))).after
                expected = selected(server, schema, "null")
                assert found.schema.equals(expected.schema, check_metadata=True), schema.name
                pairs = zip(values(found.column(1)), values(expected.column(1)), strict=True)
                wrong = [pair for pair in pairs if not alike(*pair)]
                assert not wrong, f"{schema.name}: {str(wrong[0])[:1000]}"
