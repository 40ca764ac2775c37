"""The deep audit of one stream: every page walked, every id compared, each missing one named with its page."""

from __future__ import annotations

from dataclasses import dataclass

from tap_cratejoy.pages import Page
from tap_cratejoy.progress import StreamProgress
from tap_cratejoy.records import whole_id

from cratejoy_migration.audit import staged as staging
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.scope import Scope
from cratejoy_migration.audit.source import Cratejoy
from cratejoy_migration.audit.store import AuditStore, WalkedPage
from cratejoy_migration.audit.walk import Walk

FEW = 50
"""So many ids that a walk left in doubt are asked for one by one."""


@dataclass(frozen=True)
class Doubts:
    """What single elements had to be asked for.

    Attributes:
        gone: Missing ids that are no longer at Cratejoy.
        there: Staged ids that no page showed and that are at Cratejoy all the same.
        unknown: Staged ids that no page showed and that could not be asked for.
    """

    gone: list[int]
    there: int
    unknown: int


class DeepAudit:
    """Walks the pages of one stream and compares."""

    def __init__(self, cratejoy: Cratejoy, store: AuditStore, scope: Scope, run_id: str) -> None:
        self._cratejoy = cratejoy
        self._store = store
        self._scope = scope
        self._run_id = run_id
        self._columns = staging.tables(store.connection).get(scope.stream)
        self._size = cratejoy.settings.size_of(scope.stream)

    def run(self) -> Line:
        """Walk all pages, going on where an earlier audit was killed.

        Raises:
            StreamFailed: Cratejoy cannot be read any further; what was walked is kept.
        """
        self._store.forget_queries(self._scope.stream, len(self._scope.queries))
        walks = [self._walk(place, query) for place, query in enumerate(self._scope.queries)]
        return self._compare(walks)

    def _walk(self, place: int, query: dict[str, str]) -> Walk:
        scope, cratejoy = self._scope, self._cratejoy
        walk = Walk(cratejoy, scope.path, query, self._size, passes=cratejoy.settings.completeness_passes)
        earlier = self._store.place(scope.stream, place, self._size)
        if earlier is not None and walk.resume(earlier):
            number = walk.reader.number(earlier.index)
            cratejoy.logger.info("%s: goes on at page %d, where the last audit stopped", scope.stream, number)
        else:
            self._store.start_over(scope.stream, place)
        progress = StreamProgress(scope.stream, cratejoy.client, cratejoy.logger)
        try:
            for page in walk.pages():
                self._keep(place, walk, page)
                progress.page(
                    page.number, len(page.rows), walk.tally.distinct, walk.count, pass_number=walk.pass_number
                )
        finally:
            progress.close()
        return walk

    def _keep(self, place: int, walk: Walk, page: Page) -> None:
        taken: list[int] = []
        left: list[int] = []
        for row in page.rows:
            if (number := whole_id(row.get("id"))) is not None:
                (taken if self._scope.takes(row) else left).append(number)
        self._store.keep_page(
            WalkedPage(
                stream=self._scope.stream,
                query=place,
                run_id=self._run_id,
                asked_size=self._size,
                page_size=walk.reader.size,
                base=walk.reader.base,
                count=walk.count,
                index=page.index,
                page=page.number,
                pass_number=walk.pass_number,
                ids=taken,
                unwanted=left,
            ),
            staged=self._columns is not None,
        )

    def _compare(self, walks: list[Walk]) -> Line:
        store, scope = self._store, self._scope
        staged = staging.look(store.connection, scope)
        missing = store.settle(scope.stream, [], staged=staged is not None)
        extra, extra_ids = store.unmet(scope, self._columns) if self._columns is not None else (0, [])
        settled = all(walk.settled for walk in walks)
        doubts = Doubts([], 0, 0) if settled else self._ask(walks, missing, extra, extra_ids)
        if doubts.gone:
            missing = store.settle(scope.stream, doubts.gone, staged=staged is not None)
        hidden = sum(max(0, (walk.count or 0) - len(walk.seen)) for walk in walks)
        unnamed = max(0, hidden + len(doubts.gone) - doubts.there - doubts.unknown)
        wanted = store.wanted(scope.stream) + doubts.there + unnamed - len(doubts.gone)
        counted = walks[0].count if scope.whole else wanted
        line = Line(
            stream=scope.stream,
            api_count=wanted if counted is None else counted,
            staged=staged.distinct if staged else 0,
            missing=missing + unnamed,
            extra=extra - doubts.there,
            rows=staged.rows if staged else None,
            unnamed=unnamed,
            foreign=staged.foreign if staged else 0,
            duplicates=staged.duplicates if staged else 0,
            tests=store.unwanted(scope.stream) if scope.drops_tests and scope.since is None else 0,
            pages=store.pages(scope.stream),
            extra_ids=extra_ids if extra > doubts.there else [],
            trouble=_trouble(walks, settled=settled),
        )
        store.finish(scope.stream)
        return line

    def _ask(self, walks: list[Walk], missing: int, extra: int, extra_ids: list[int]) -> Doubts:
        """Ask for the ids that a walk left in doubt, when they are few."""
        known = next((number for walk in walks for number in walk.seen), None)
        lost: dict[int, bool] = {}
        if 0 < missing <= FEW:
            wanted = [number for hole in self._store.holes(self._scope.stream) for number in hole.missing]
            lost = self._cratejoy.there(self._scope.path, wanted, known)
        unseen = self._cratejoy.there(self._scope.path, extra_ids, known) if 0 < extra <= FEW else {}
        there = [number for number, answer in unseen.items() if answer]
        for number in there:
            extra_ids.remove(number)
        gone = [number for number, answer in lost.items() if not answer]
        return Doubts(gone, len(there), extra - len(unseen))


def _trouble(walks: list[Walk], *, settled: bool) -> str:
    failed = [window for walk in walks for window in walk.failed]
    if failed:
        return f"could not be read: {'; '.join(failed[:3])}" + (f" and {len(failed) - 3} more" if failed[3:] else "")
    return "" if settled else "rows came or went during the walk, or Cratejoy's count is not what its pages hold"
