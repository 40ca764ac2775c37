"""Reading exactly the pages or the elements a backfill names; bookmarks stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cratejoy.errors import NotFound, StreamFailed, Unhealed, Unreachable, listed
from tap_cratejoy.pages import Page, PageReader
from tap_cratejoy.scan import Query

if TYPE_CHECKING:
    from tap_cratejoy.stream import CratejoyStream


def backfill(stream: CratejoyStream) -> None:
    """Read what the settings `pages` and `ids` name for this stream, and nothing else.

    Raises:
        StreamFailed: Some of it could not be read.
    """
    settings = stream.tap.settings
    if numbers := settings.pages.get(stream.name):
        _pages(stream, numbers)
    if wanted := settings.ids.get(stream.name):
        _elements(stream, wanted)


def _pages(stream: CratejoyStream, numbers: list[int]) -> None:
    """Read pages by the server's own numbers; the first page is read anyway, to learn how the server counts."""
    lanes = stream.tap.lanes
    reader = PageReader(stream.tap.client, stream.path, stream.params, size=stream.page_size, logger=stream.logger)
    first = lanes.result(lanes.submit(reader.open))
    base = reader.base or 0
    if below := [str(number) for number in numbers if number < base]:
        stream.logger.warning("%s: there is no page %s, pages count from %d", stream.name, ", ".join(below), base)
    indexes = [number - base for number in numbers if number >= base]
    failed: list[str] = []
    emitted = 0
    for page in lanes.in_order(lambda index: reader.read(index) if index else first, indexes):
        if not page.rows and not page.failed:
            stream.logger.warning("%s: page %d is empty", stream.name, page.number)
        emitted += _emit(stream, page)
        failed.extend(page.failed)
    stream.logger.info("%s: %d records from %d pages of %d rows", stream.name, emitted, len(indexes), reader.size)
    if failed:
        raise StreamFailed(f"{stream.path}: could not be read: {listed(failed)}. The same command reads them again.")


def _elements(stream: CratejoyStream, wanted: list[int]) -> None:
    """Read elements by id; one that is gone is named and counted, not an error."""

    def read(element_id: int) -> Page | None:
        try:
            answer = stream.tap.client.get(f"{stream.path}{element_id}/", stream.params, check=_has_id)
        except NotFound:
            return None
        except Unreachable:
            raise
        except Unhealed:
            return Page(0, 0, [], failed=[f"id {element_id}"])
        return Page(0, 0, [answer.data], suspect=answer.suspect)

    gone: list[str] = []
    failed: list[str] = []
    emitted = 0
    for element_id, page in zip(wanted, stream.tap.lanes.in_order(read, wanted), strict=True):
        if page is None:
            gone.append(str(element_id))
        else:
            emitted += _emit(stream, page)
            failed.extend(page.failed)
    stream.logger.info("%s: %d of %d elements read, %d gone", stream.name, emitted, len(wanted), len(gone))
    if gone:
        stream.logger.warning("%s: gone (404): %s", stream.name, listed(gone))
    if failed:
        raise StreamFailed(f"{stream.path}: could not be read: {listed(failed)}. The same command reads them again.")


def _emit(stream: CratejoyStream, page: Page) -> int:
    records = stream.clean(page.rows, page, Query())
    emitted = stream.emit(records)
    stream.emit_children(records, None)
    return emitted


def _has_id(data: Any) -> bool:
    return isinstance(data, dict) and data.get("id") is not None
