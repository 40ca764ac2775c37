"""Streams that hang below an element of another: addresses of a customer, coupons of a subscription.

One request a parent and more, so they are off by default. Their rows are read and emitted before the parent's page is
bookmarked, so they need no state of their own.
"""

from __future__ import annotations

from typing import Any, ClassVar

from tap_cratejoy.completeness import Tally
from tap_cratejoy.errors import Forbidden, NotFound, StreamFailed
from tap_cratejoy.pages import Page, PageReader
from tap_cratejoy.pagination import Inline, PageWalk
from tap_cratejoy.scan import Query
from tap_cratejoy.stream import CratejoyStream


class ChildStream(CratejoyStream):
    """Rows that belong to one parent each; `path` and `params_of` take the parent's id."""

    parent_key: ClassVar[str]
    query_key: ClassVar[str | None] = None
    single: ClassVar[bool] = False
    selected_by_default = False

    def open(self) -> None:
        """Announce the stream; its records follow with those of its parent."""
        self._plain = self._is_plain()
        self._counter = self.get_record_counter()
        self._left = self.limit
        self._failed = False
        self._forbidden = False
        self._write_schema_message()

    def close(self) -> None:
        """Tell the metrics that all records are out."""
        self._counter.exit()

    def emit_for(self, parents: list[int]) -> str | None:
        """Read and emit the rows of these parents.

        Args:
            parents: Ids, in the order of their records.

        Returns:
            What could not be read, in words, so that the parents' page is read again; None when all is well.
        """
        if self._forbidden or self._left == 0:
            return None
        trouble = None
        pages = self.tap.lanes.in_order(self._try_rows, parents)
        for parent, page in zip(parents, pages, strict=True):
            if isinstance(page, Forbidden):
                self._give_up(page)
                return None
            if isinstance(page, StreamFailed):
                trouble = self._note(parent, page)
                continue
            records = self.clean(
                [self._owned(parent, place, row) for place, row in enumerate(page.rows)], page, Query()
            )
            self._emit_some(records)
            if page.failed:
                trouble = self._note(parent, StreamFailed(f"{self.path}: {page.failed[0]}"))
        return trouble

    def _owned(self, parent: int, place: int, row: dict[str, Any]) -> dict[str, Any]:
        owned = {**row, self.parent_key: parent}
        if owned.get("id") is None:
            owned["id"] = place + 1
        return owned

    def _emit_some(self, records: list[dict[str, Any]]) -> None:
        kept = records if self._left is None else records[: self._left]
        out = self.emit(kept)
        if self._left is not None:
            self._left -= out

    def _give_up(self, failure: Forbidden) -> None:
        self._forbidden = True
        self.tap.note_failure(self.name, failure)

    def _note(self, parent: int, failure: StreamFailed) -> str:
        if not self._failed:
            self._failed = True
            self.tap.note_failure(self.name, failure)
        return f"{self.name} of {self.parent_key} {parent}"

    def _try_rows(self, parent: int) -> Page | StreamFailed:
        try:
            return self._rows(parent)
        except StreamFailed as failure:
            return failure

    def _rows(self, parent: int) -> Page:
        path = self.path.format(parent)
        if self.single:
            return self._one(path)
        params = {self.query_key: str(parent)} if self.query_key else {}
        reader = PageReader(
            self.tap.client, path, params, size=self.tap.settings.size_of(self.name), logger=self.logger
        )
        whole = Page(0, 0, [])
        tally = Tally()
        try:
            for page in PageWalk(reader, Inline(), tally).forward(0, reader.open()):
                whole.rows.extend(page.rows)
                whole.suspect |= page.suspect
                whole.failed.extend(page.failed)
        except NotFound:
            return whole
        if tally.count is not None and tally.distinct < tally.count:
            self._short(path, tally.distinct, tally.count, whole)
        return whole

    def _short(self, path: str, distinct: int, count: int, page: Page) -> None:
        """Fewer rows came than the server counts: say so, and read the parent again where that is asked for."""
        text = f"{path}: {distinct} rows for a count of {count}"
        if self.tap.settings.fail_on_incomplete:
            page.failed.append(text)
        else:
            self.logger.warning("%s", text)

    def _one(self, path: str) -> Page:
        try:
            answer = self.tap.client.get(path)
        except NotFound:
            return Page(0, 0, [])
        return Page(0, 0, [answer.data] if answer.data else [], suspect=answer.suspect)


class CustomerAddresses(ChildStream):
    """Addresses of a customer, for servers that do not embed them."""

    name = "customer_addresses"
    path = "/customers/{}/addresses/"
    parent_key = "customer_id"
    primary_keys = ("customer_id", "id")


class CustomerMetadata(ChildStream):
    """What the merchant noted on a customer; 404 when there is nothing (Cratejoy docs: customer methods)."""

    name = "customer_metadata"
    path = "/customers/{}/metadata/"
    parent_key = "customer_id"
    primary_keys = ("customer_id", "id")
    single = True


class SubscriptionMetadata(ChildStream):
    """What the merchant noted on a subscription, subscribe-flow answers among it."""

    name = "subscription_metadata"
    path = "/subscriptions/{}/metadata/"
    parent_key = "subscription_id"
    primary_keys = ("subscription_id", "id")
    single = True


class SubscriptionCoupons(ChildStream):
    """Coupons in force on a subscription."""

    name = "subscription_coupons"
    path = "/subscriptions/{}/coupons/"
    parent_key = "subscription_id"
    primary_keys = ("subscription_id", "id")


class ProductSurveyResults(ChildStream):
    """Answers to product surveys; where a result has no id of its own, its place counts (seen live with the filter)."""

    name = "product_survey_results"
    path = "/product_survey_results/"
    query_key = "subscription_id"
    parent_key = "subscription_id"
    primary_keys = ("subscription_id", "id")
