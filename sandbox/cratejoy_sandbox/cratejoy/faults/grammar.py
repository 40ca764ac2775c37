"""The little language of fault values, and which faults a request meets.

A value is `true`, a bare value for the switch's main option, an object of clauses and options, or a list
of such objects; `null` and `false` switch off.
"""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cratejoy_sandbox.cratejoy.faults.switches import CLAUSES, SWITCHES, WHOLE_ANSWER, Switch
from cratejoy_sandbox.draws import draws

Hits = dict[str, dict[str, Any]]
NUMBERS = {
    "faster_than": int,
    "from_page": int,
    "limit_at_least": int,
    "row": int,
    "every": int,
    "times": int,
    "chance": float,
    "seed": int,
}


class FaultError(Exception):
    """A fault was named or valued wrongly; the message is a sentence."""


@dataclass(frozen=True)
class Visit:
    """What the clauses look at: one request."""

    resource: str
    page: int | None = None
    limit: int | None = None
    ids: Collection[int] | None = None
    operations: Collection[str] = ()
    at: str = ""


@dataclass
class Fault:
    """One switch with one set of clauses and options, and how often it was met."""

    switch: Switch
    clauses: dict[str, Any]
    options: dict[str, Any]
    since: float = field(default_factory=time.monotonic)
    asked: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        self.chance = draws(f"{self.switch.name}-{self.clauses.get('seed', 0)}")
        self.lately: deque[float] = deque()

    def meets(self, visit: Visit) -> bool:
        """Whether this request meets the fault; counts as a request that was asked."""
        if not self._in_scope(visit):
            return False
        if not self._too_fast():
            return False
        self.asked += 1
        if self.asked % self.clauses.get("every", 1):
            return False
        if self.met >= self.clauses.get("times", self.met + 1):
            return False
        if self.chance.random() >= self.clauses.get("chance", 1.0):
            return False
        self.met += 1
        return True

    def _too_fast(self) -> bool:
        """Whether more requests than the clause allows came within a second; always, when there is none."""
        allowed: int | None = self.clauses.get("faster_than")
        if allowed is None:
            return True
        now = time.monotonic()
        while self.lately and self.lately[0] <= now - 1:
            self.lately.popleft()
        self.lately.append(now)
        return len(self.lately) > allowed

    def covers(self, resource: str) -> bool:
        """Whether the fault is for this resource."""
        named = self.clauses.get("resource", resource)
        return resource in ([named] if isinstance(named, str) else named)

    def _runs(self, operations: Collection[str]) -> bool:
        """Whether one of these root fields is named; always, when none is."""
        named = self.clauses.get("operation")
        return named is None or not set(operations).isdisjoint([named] if isinstance(named, str) else named)

    def _in_scope(self, visit: Visit) -> bool:
        clauses = self.clauses
        page = -1 if visit.page is None else visit.page
        return (
            self.switch.at == visit.at
            and self.covers(visit.resource)
            and self._runs(visit.operations)
            and page in clauses.get("pages", (page,))
            and page >= clauses.get("from_page", page)
            and (visit.limit or 0) >= clauses.get("limit_at_least", 0)
            and clauses.get("row", 0) in (visit.ids or (0,))
        )


class Faults:
    """The faults of a table that are on; the table is Cratejoy's unless another is given."""

    def __init__(self, switches: Mapping[str, Switch] = SWITCHES, clauses: Collection[str] = tuple(CLAUSES)) -> None:
        self._switches = switches
        self._clauses = clauses
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}
        self._faults: dict[str, list[Fault]] = {}
        self.met: Counter[str] = Counter()
        """How often each switch was met since the start, or since the figures were forgotten."""

    def values(self) -> dict[str, Any]:
        """What is on, as it was set."""
        return dict(self._values)

    def reset(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._values, self._faults = {}, {}

    def merge(self, values: Mapping[str, Any]) -> None:
        """Set or switch off the faults named; all or none of them."""
        parsed = {name: parse(name, value, self._switches, self._clauses) for name, value in values.items()}
        with self._lock:
            for name, faults in parsed.items():
                self._values.pop(name, None)
                self._faults.pop(name, None)
                if faults:
                    self._values[name], self._faults[name] = values[name], faults

    def option(self, name: str, resource: str, option: str) -> Any:
        """Option of a switch that is on for a resource, without counting a request; None when it is off."""
        for fault in self._faults.get(name, ()):
            if fault.covers(resource):
                return fault.options[option]
        return None

    def hits(self, visit: Visit) -> Hits:
        """Options of the faults that this request meets.

        Faults with a `row` clause are met only by a visit that knows its ids, all others by one that
        does not: so each is asked once a request.
        """
        with self._lock:
            found: Hits = {}
            for name, faults in self._faults.items():
                for fault in faults:
                    knows = visit.ids is not None
                    if ("row" in fault.clauses) == knows and name not in found and fault.meets(visit):
                        found[name] = {
                            **fault.options,
                            "since": fault.since,
                            "seed": fault.clauses.get("seed", 0),
                        }
            self.met.update(found.keys())
            return found


def from_text(text: str) -> tuple[str, Any]:
    """Split `name=value` as typed on the command line; the value is JSON, or plain text."""
    name, equals, value = text.partition("=")
    if not equals:
        return name, True
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def parse(
    name: str, value: Any, switches: Mapping[str, Switch] = SWITCHES, clauses: Collection[str] = tuple(CLAUSES)
) -> list[Fault]:
    """Understand the value of one switch."""
    switch = switches.get(name)
    if switch is None:
        raise FaultError(f"There is no fault '{name}'; `sandbox faults` lists them.")
    if value is None or value is False:
        return []
    return [_one(switch, item, clauses) for item in (value if isinstance(value, list) else [value])]


def _one(switch: Switch, value: Any, known: Collection[str]) -> Fault:
    given = _as_object(switch, value)
    unknown = sorted(set(given) - set(known) - set(switch.options))
    if unknown:
        raise FaultError(f"The fault '{switch.name}' has no option '{unknown[0]}'.")
    if "row" in given and switch.name not in WHOLE_ANSWER:
        raise FaultError(f"The fault '{switch.name}' cannot be limited to a row.")
    clauses = {key: _clause(switch, key, item) for key, item in given.items() if key in known}
    options = {key: _option(switch, key, given.get(key, default)) for key, default in switch.options.items()}
    return Fault(switch, clauses, options)


def _as_object(switch: Switch, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is True:
        return {}
    if not switch.main:
        raise FaultError(f"The fault '{switch.name}' takes true or an object, not {json.dumps(value)}.")
    return {switch.main: value}


def _clause(switch: Switch, key: str, value: Any) -> Any:
    if key in {"resource", "operation"}:
        fits = isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    elif key == "pages":
        fits = isinstance(value, list) and all(type(item) is int for item in value)
    else:
        kinds = (int, float) if NUMBERS[key] is float else (int,)
        fits = type(value) in kinds and value >= (1 if key in {"every", "times"} else 0)
    if not fits:
        raise FaultError(f"'{key}' of the fault '{switch.name}' cannot be {json.dumps(value)}.")
    return value


def _option(switch: Switch, key: str, value: Any) -> Any:
    default = switch.options[key]
    if default is None or value == default:
        return value
    if isinstance(default, str):
        fits = isinstance(value, str) and (default not in switch.choices or value in switch.choices)
    elif isinstance(default, float):
        fits = type(value) in {int, float} and value >= 0
    else:
        fits = type(value) is int and (value >= 0 or key == "by")
    if not fits:
        wanted = f"; it is one of {', '.join(switch.choices)}" if default in switch.choices else ""
        raise FaultError(f"'{key}' of the fault '{switch.name}' cannot be {json.dumps(value)}{wanted}.")
    return value
