"""The Singer side of a Cratejoy collection: which pages to read, records out, state after them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, StreamSchema, metrics
from singer_sdk.exceptions import MapExpressionError
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.schema.source import SchemaDirectory
from typing_extensions import override

from tap_cratejoy import codec, dates, schemas, writer
from tap_cratejoy.backfill import backfill
from tap_cratejoy.bookmarks import Bookmark
from tap_cratejoy.errors import NeverReached, SettingsError, StreamFailed, Unreachable, listed
from tap_cratejoy.pages import Page
from tap_cratejoy.progress import StreamProgress
from tap_cratejoy.records import Record, RecordCleaner
from tap_cratejoy.scan import Outcome, Query, Scan

if TYPE_CHECKING:
    from tap_cratejoy.tap import TapCratejoy

SCHEMAS = SchemaDirectory(schemas)


class ScanMetric(StrEnum):
    """What a scan came to, as a Singer metric; records, distinct ids, count and proof are its tags."""

    MISSING = "missing_count"


class CratejoyStream(Stream):
    """A collection of the API; a subclass says what is particular about it."""

    path: ClassVar[str]
    embed: ClassVar[str] = ""
    relations: ClassVar[Sequence[str]] = ()
    enums: ClassVar[Mapping[str, Mapping[int, str]]] = {}
    aliases: ClassVar[Mapping[str, str]] = {}
    incremental_key: ClassVar[str | None] = None
    changed_keys: ClassVar[Sequence[str]] = ()

    schema: ClassVar[StreamSchema[Any]] = StreamSchema(SCHEMAS)
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapCratejoy) -> None:
        super().__init__(tap)
        self.tap = tap
        self.replication_key = self.incremental_key
        self._cleaner = RecordCleaner(self.schema, relations=self.relations, enums=self.enums, aliases=self.aliases)
        self._scrubbed = 0
        self._embeds_checked = False
        self._strayed = False

    # What the SDK must not decide for us

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Pass on what the SDK says, but for errors: those are told in one line, by us."""
        if level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)

    @override
    def get_replication_key_signpost(self, context: Any = None) -> None:
        """Bookmarks are ours; the SDK marks none."""

    @override
    def finalize_state_progress_markers(self, state: Any = None) -> None:
        """Bookmarks are ours; the SDK finalizes none."""

    @override
    def get_records(self, context: Any) -> Iterator[Record]:
        """Not used: pages are emitted whole, see `_sync_records`."""
        yield from ()

    @override
    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[Record, Any, Any]:
        with self.get_record_counter() as counter, self.get_sync_timer():
            self._counter = counter
            try:
                self._sync()
            except StreamFailed as failure:
                self.tap.check_interrupted()  # what fails while the run is ending is no failure of the stream
                if isinstance(failure, Unreachable) and not self.tap.client.was_there:
                    raise NeverReached(str(failure)) from None
                self.tap.note_failure(self.name, failure)
                if not isinstance(failure, Unreachable) and not self._cut_short:
                    Bookmark(self.stream_state).fail()
                    self.tap.write_state()
        yield from ()

    # Reading

    @property
    def params(self) -> dict[str, str]:
        """Parameters of every request of this stream."""
        embed = self.tap.settings.embed.get(self.name, self.embed or None)
        return {} if embed is None else {"with": embed}

    @property
    def limit(self) -> int | None:
        """Records to stop after: the setting's, or the SDK's in a dry run."""
        limits = [limit for limit in (self.tap.settings.record_limit, self.ABORT_AT_RECORD_COUNT) if limit]
        return min(limits, default=None)

    @property
    def _cut_short(self) -> bool:
        return self.limit is not None or self.tap.settings.backfills

    @property
    def page_size(self) -> int:
        """Rows a page to ask for."""
        size = self.tap.settings.size_of(self.name)
        return min(size, self.limit) if self.limit else size

    def _sync(self) -> None:
        self._plain = self._is_plain()
        self._children = self.tap.children_of(self)
        for child in self._children:
            child.open()
        if self.tap.settings.backfills:
            backfill(self)
            return
        run = self.tap.run
        bookmark = Bookmark(copy.deepcopy(self.stream_state) if self._cut_short else self.stream_state)
        if bookmark.done_in(run) and not self._cut_short:
            self.logger.info("%s: already complete in this run (%s)", self.name, run.run_id)
            return
        if not bookmark.under_way(run) or self._cut_short:
            bookmark.begin(self.tap.now())
        self._scan(bookmark)

    def _scan(self, bookmark: Bookmark) -> None:
        scan = Scan(
            client=self.tap.client,
            lanes=self.tap.lanes,
            bookmark=bookmark,
            path=self.path,
            params=self.params,
            size=self.page_size,
            queries=self._queries(bookmark),
            passes=self.tap.settings.completeness_passes,
            logger=self.logger,
        )
        progress = StreamProgress(self.name, self.tap.client, self.logger)
        left = self.limit
        try:
            for page in scan.pages(self.tap.run):
                records = self.clean(page.rows, page, scan.query)
                out = self.emit(records if left is None else records[:left])
                self.emit_children(records, scan)
                bookmark.add_records(out)
                self._track(records, bookmark)
                scan.settle(page)
                if not self._cut_short:
                    self.tap.write_state()
                progress.page(page.number, out, scan.tally.covered, scan.tally.count, pass_number=scan.pass_number)
                if left is not None and (left := left - out) <= 0:
                    self.logger.info("%s: stopped after %d records, as asked", self.name, self.limit)
                    self.tap.write_state()
                    return
        finally:
            progress.close()
            for child in self._children:
                child.close()
        self._finish(scan, bookmark)

    def _queries(self, bookmark: Bookmark) -> list[Query]:
        since = self._since(bookmark)
        if since is None:
            return [Query()]
        return [Query(key, since) for key in (self.replication_key, *self.changed_keys) if key]

    def _since(self, bookmark: Bookmark) -> datetime | None:
        if self.replication_method != "INCREMENTAL" or not self.replication_key:
            return None
        value = dates.parse(bookmark.state.get("replication_key_value"))
        if value is None:
            return self.tap.settings.start_date
        try:
            return min(value, self.tap.now()) - timedelta(days=self.tap.settings.lookback_days)
        except OverflowError:  # before the year 1
            return None

    def _finish(self, scan: Scan, bookmark: Bookmark) -> None:
        for outcome in scan.outcomes:
            self._report(outcome, bookmark)
        if scan.failed:
            self.tap.write_state()
            raise StreamFailed(
                f"{self.path}: could not be read: {listed(scan.failed)}. The same command reads them again."
            )
        complete = scan.proven or not self.tap.settings.fail_on_incomplete
        bookmark.finish(complete=complete, proven=scan.proven, replication_key=self.replication_key)
        if self._cut_short:
            self.stream_state.clear()
            self.stream_state.update(bookmark.state)
        self.tap.write_state()
        if not complete:
            raise StreamFailed(
                f"{self.path}: not proven complete after {scan.outcomes[-1].passes} passes (on_incomplete is fail); "
                "the same command scans again."
            )

    def _report(self, outcome: Outcome, bookmark: Bookmark) -> None:
        since = f" ({outcome.query.key} since {outcome.query.bound})" if outcome.query.key else ""
        proven = "proven complete" if outcome.proven else "NOT proven complete"
        self.logger.log(
            logging.INFO if outcome.proven else logging.WARNING,
            "%s%s: %s records, %s distinct, count %s, missing %s, %s (%s, %s)",
            self.name,
            since,
            f"{bookmark.state['records']:,}",
            f"{outcome.distinct:,}",
            "unknown" if outcome.count is None else f"{outcome.count:,}",
            f"{outcome.missing:,}",
            proven,
            "1 pass" if outcome.passes == 1 else f"{outcome.passes} passes",
            outcome.ended,
        )
        tags = {
            metrics.Tag.STREAM: self.name,
            "records": bookmark.state["records"],
            "distinct": outcome.distinct,
            "count": outcome.count,
            "proven": outcome.proven,
        }
        self._log_metric(metrics.Point("gauge", ScanMetric.MISSING, outcome.missing, tags))  # type: ignore[arg-type]

    # Records

    def clean(self, rows: list[Record], page: Page, query: Query) -> list[Record]:
        """Return the records of a page that are to be emitted, in order."""
        if page.suspect:
            rows, removed = codec.scrub(rows)
            self._note_scrubbed(removed)
        records = [self._cleaner.clean(row) for row in rows]
        if any(record["id"] is None for record in records):
            page.failed.append(f"a row without a usable id on page {page.number}")
            records = [record for record in records if record["id"] is not None]
        if not self.tap.settings.include_test:
            records = [record for record in records if record.get("is_test") is not True]
        self._check_embeds(rows)
        return self._within(records, query)

    def _within(self, records: list[Record], query: Query) -> list[Record]:
        """Drop what the server's filter should have left out."""
        if not query.key or not query.bound:
            return records
        key, bound = query.key, query.bound.rstrip("Z")
        kept = [record for record in records if record[key] is None or record[key].rstrip("Z") >= bound]
        if len(kept) < len(records) and not self._strayed:
            self._strayed = True
            self.logger.warning("%s: the server ignores the filter on %s; older rows are dropped here", self.name, key)
        return kept

    def emit(self, records: list[Record]) -> int:
        """Write records out, flushed.

        Returns:
            How many there were.
        """
        if records and self.selected:
            if self._plain:
                writer.write(writer.record_lines(self.name, records, utc_now()))
            else:
                for record in records:
                    self._map_and_write(record)
            self._counter.increment(len(records))
        return len(records)

    def _map_and_write(self, record: Record) -> None:
        try:
            self._write_record_message(record)
        except (MapExpressionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise SettingsError(
                f"A stream map cannot be used on a record of {self.name} ({type(error).__name__}): check stream_maps."
            ) from None

    def emit_children(self, records: list[Record], scan: Scan | None) -> None:
        """Read and write what hangs below these records; what fails keeps the scan's bookmark back."""
        for child in self._children:
            trouble = child.emit_for([record["id"] for record in records])
            if trouble and scan is not None:
                scan.hold(trouble)

    def _track(self, records: list[Record], bookmark: Bookmark) -> None:
        key = self.replication_key
        if key and records:
            started = bookmark.state["scan_started_at"].rstrip("Z")
            values = [value for record in records if (value := record.get(key)) and value.rstrip("Z") <= started]
            bookmark.saw(max(values, default=None))

    def _is_plain(self) -> bool:
        """Whether records go out as they are: everything selected, no stream maps, no flattening."""
        return (
            all(selected for breadcrumb, selected in self.mask.items() if breadcrumb)
            and len(self.stream_maps) == 1
            and type(self.stream_maps[0]) is SameRecordTransform
            and not self.stream_maps[0].flattening_enabled
            and self.stream_maps[0].stream_alias == self.name
        )

    def _note_scrubbed(self, removed: int) -> None:
        if removed:
            self._scrubbed += removed
            self.logger.warning(
                "%s: %d characters that Postgres cannot store (NUL, unpaired surrogates) removed so far",
                self.name,
                self._scrubbed,
            )

    def _check_embeds(self, rows: list[Record]) -> None:
        """Say once when the server does not embed what was asked for; child streams read it instead."""
        if self._embeds_checked or not rows or not self.embed or self.name in self.tap.settings.embed:
            return
        self._embeds_checked = True
        for name in self.embed.split(","):
            if not any(isinstance(row.get(name), (list, dict)) for row in rows):
                fallback = {"addresses": "customer_addresses", "_md": "customer_metadata"}[name]
                self.logger.warning(
                    "%s: the server embeds no %s here; if there are any, select the stream %s",
                    self.name,
                    name,
                    fallback,
                )
