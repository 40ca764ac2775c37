"""The documents as records: PostgreSQL writes their JSON, and the reader passes it on as it comes."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from singer_sdk.helpers._util import utc_now  # the SDK's own moment of extraction
from singer_sdk.mapper import SameRecordTransform
from tap_postgres.client import PostgresStream  # type: ignore[import-untyped]

from cratejoy_migration.reading import output

if TYPE_CHECKING:
    from cratejoy_migration.reader import StagingTapPostgres

Record = dict[str, Any]
_ROWS_A_FETCH = 500
_BREAK = "\n"


class Documents(PostgresStream):  # type: ignore[misc]
    """A table, read whole in its physical order with a server-side cursor, a few hundred rows in memory.

    Where the records go out as they are, PostgreSQL makes their JSON. With stream maps, flattening, batch files or a
    replication key they take the SDK's way, several times slower.
    """

    _tap: StagingTapPostgres

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[Record, Any, Any]:
        if not (write_messages and self._plain):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        count = 0
        with self.get_record_counter() as counter:
            for texts in self._texts():
                self._tap.go_on()
                output.write(self._lines(texts))
                count += len(texts)
                counter.increment(len(texts))
        self._tap.go_on()
        logging.getLogger("staging").info("%s: %s documents read", self.name, f"{count:,}")
        self.state_manager.is_flushed = False
        self._finalize_state(self.stream_state)
        self._write_state_message()

    @property
    def _plain(self) -> bool:
        """Whether a record goes out exactly as its row is."""
        first = self.stream_maps[0]
        return (
            self.selected
            and not self.replication_key
            and not self.get_batch_config(self.config)
            and self.ABORT_AT_RECORD_COUNT is None
            and len(self.stream_maps) == 1
            and type(first) is SameRecordTransform
            and not first.flattening_enabled
            and first.stream_alias == self.name
        )

    def get_records(self, context: Any) -> Iterable[Record]:
        """Yield the rows one by one, until the reader is told to end."""
        for record in super().get_records(context):
            self._tap.go_on()
            yield record

    def _texts(self) -> Iterator[list[str]]:
        """Yield the JSON texts of some hundred rows at a time."""
        rows = self.build_query().subquery("t")
        query = sa.select(sa.cast(sa.func.row_to_json(sa.literal_column("t")), sa.Text)).select_from(rows)
        with self.connector._connect() as connection:  # noqa: SLF001  # the SDK's own way in
            yield from connection.execution_options(yield_per=_ROWS_A_FETCH).scalars(query).partitions()

    def _lines(self, texts: list[str]) -> list[str]:
        head = f'{{"type":"RECORD","stream":{json.dumps(self.name)},"record":'
        tail = f',"time_extracted":"{utc_now().isoformat()}"}}\n'
        # jsonb has no line breaks of its own; a column of the type json may have some, between its values.
        return [f"{head}{text.replace(_BREAK, ' ')}{tail}" for text in texts]

    def log(self, message: str, *args: Any, level: int = logging.INFO, **options: Any) -> None:
        """Log what is no error: of errors the command line says one sentence."""
        if level < logging.ERROR:
            super().log(message, *args, level=level, **options)
