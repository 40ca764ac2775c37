"""Reading again what an audit found missing, through the normal pipeline, until nothing more comes.

Three ways, by what is missing of a stream: most of it: a scan of its own; its last rows: the elements that its last
pages show; else: the pages or elements that the deep audit named.
"""

from __future__ import annotations

from dataclasses import dataclass

from tap_cratejoy.pages import ids
from tap_cratejoy.windows import last_index

from cratejoy_migration.audit import staged as staging
from cratejoy_migration.audit.audit import Audit
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.pipeline import Pipeline
from cratejoy_migration.audit.plan import Work, cheapest, portions, variables
from cratejoy_migration.audit.scope import Scope, scope_of
from cratejoy_migration.audit.source import BARE
from cratejoy_migration.errors import OperatorError

LAST_PAGES = 5
"""So many pages at the end of a collection are looked at before all of them are."""
ASKED_AT_MOST = 1000
"""So many missing rows that did not come are asked for one by one, to tell whether they are gone."""
_ROUNDS = 5


@dataclass
class Outcome:
    """What a backfill of one stream came to."""

    line: Line
    gone: int = 0
    status: int = 0


class Backfill:
    """Closes the holes of one project's staging."""

    def __init__(self, audits: Audit, pipeline: Pipeline, run_id: str) -> None:
        self._audits = audits
        self._pipeline = pipeline
        self._cratejoy = audits.cratejoy
        self._store = audits.store
        self._run_id = run_id
        self._say = audits.cratejoy.logger.info

    def close(self, stream: str) -> Outcome:
        """Read what is missing of a stream, as long as that helps, and audit it again.

        Raises:
            TapError: Cratejoy is away, or refuses the credentials.
            OperatorError: The settings forbid it.
        """
        outcome = Outcome(self._audits.by_counts(stream))
        scanned = False
        for _ in range(_ROUNDS):
            before, gone = outcome.line, outcome.gone
            if before.missing == 0 and not before.new:
                break
            scans = not scanned and _mostly_missing(before)
            if scans:
                scanned = True
                self._say(f"{stream}: most of it is missing; a scan of the whole stream follows")
                outcome.status = self._pipeline.scan(stream)
            else:
                self._read(stream, before, outcome)
            outcome.line = self._audits.by_counts(stream)
            helped = outcome.line.staged > before.staged or outcome.gone > gone
            if outcome.status or not (helped or scans):
                break
        return outcome

    def _named(self, line: Line) -> int:
        """Return how many of the ids that the last walk named are still not staged."""
        return self._store.settle(line.stream, [], staged=line.rows is not None)

    def _read(self, stream: str, line: Line, outcome: Outcome) -> None:
        """Read what is named; what is not named yet is looked for at the end, then everywhere."""
        scope = scope_of(stream, self._cratejoy.settings)
        short = None if line.missing is None else line.missing + line.new
        named = self._named(line)
        if short is not None and named < short and (last := self._last_rows(scope, line, short)):
            self._bring([Work(stream, ids=part.ids) for part in portions(Work(stream, ids=last))], outcome)
            return
        if short is None or named < short:
            self._say(f"{stream}: {'some' if short is None else f'{short:,}'} rows are missing; reading its pages")
            walked = self._audits.by_pages(stream, self._run_id)
            if walked.missing is None:
                raise OperatorError(f"{stream} cannot be read: {walked.trouble}")
        self._bring(list(portions(self._plan(scope))), outcome)
        self._tell_gone(scope, outcome)

    def _plan(self, scope: Scope) -> Work:
        holes = self._store.holes(scope.stream)
        sizes = self._store.asked_size(scope.stream) or self._cratejoy.settings.size_of(scope.stream)
        missing = {hole.page: hole.missing for hole in holes}
        paged = scope.since is None and self._cratejoy.settings.record_limit is None
        work = cheapest(scope.stream, missing, sizes, paged=paged)
        if work.ids and paged and not self._askable(scope):
            return cheapest(scope.stream, missing, sizes, by_id=False)
        return work

    def _bring(self, parts: list[Work], outcome: Outcome) -> None:
        for place, part in enumerate(parts, 1):
            what = " and ".join(filter(None, (_so_many(part.pages, "page"), _so_many(part.ids, "element"))))
            of = f" (part {place} of {len(parts)})" if len(parts) > 1 else ""
            self._say(f"{part.stream}: reading {what}{of}")
            outcome.status = self._pipeline.read(variables(part, self._cratejoy.settings.page_sizes))
            if outcome.status:
                return

    # What stands at Cratejoy

    def _last_rows(self, scope: Scope, line: Line, short: int) -> list[int]:
        """Return the ids at the end of a collection that are not staged, if they are all that is missing."""
        if not scope.whole or short > LAST_PAGES * self._cratejoy.settings.size_of(scope.stream) or not line.rows:
            return []
        reader = self._cratejoy.reader(scope.path, BARE, self._cratejoy.settings.size_of(scope.stream))
        first = self._cratejoy.do(reader.open)
        found: list[int] = []
        last = last_index(first.count, reader.size)
        for index in range(last, max(-1, last - LAST_PAGES), -1):
            page = self._cratejoy.do(reader.read, index) if index else first
            found += self._store.absent(scope.stream, ids(page.rows))
            if len(found) >= short:
                break
        return sorted(found) if len(set(found)) == short and self._askable(scope) else []

    def _askable(self, scope: Scope) -> bool:
        known = self._store.any_id(scope.stream)
        return known is not None and bool(self._cratejoy.there(scope.path, [known], known))

    def _tell_gone(self, scope: Scope, outcome: Outcome) -> None:
        """Ask for the rows that did not come, when they are few: those that are gone are no longer missing."""
        if scope.stream not in staging.tables(self._store.connection):
            return
        if not 0 < self._store.settle(scope.stream, [], staged=True) <= ASKED_AT_MOST:
            return
        missing = [number for hole in self._store.holes(scope.stream) for number in hole.missing]
        answers = self._cratejoy.there(scope.path, missing, self._store.any_id(scope.stream))
        gone = [number for number, there in answers.items() if not there]
        if gone:
            self._say(f"{scope.stream}: {len(gone):,} rows are gone from Cratejoy meanwhile (404)")
            outcome.gone += len(gone)
            self._store.settle(scope.stream, gone, staged=True)


def _so_many(numbers: list[int], what: str) -> str:
    return f"{len(numbers):,} {what}{'' if len(numbers) == 1 else 's'}" if numbers else ""


def _mostly_missing(line: Line) -> bool:
    return line.api_count is not None and line.staged * 2 < line.api_count
