"""The table of fault switches: name, what it does, its own options with their defaults, an example."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Switch:
    """One fault; `main` is the option that a bare value sets, so that `count_off=3` works.

    A fault with an `at` is met only there, such as at the lines of a bulk operation; others by requests.
    """

    name: str
    doc: str
    example: Any = True
    main: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] = ()
    at: str = ""


CLAUSES = {
    "resource": "only this resource, or one of a list: `customers`, `customers/addresses`, `v1.1/shipments`",
    "pages": "only these pages, as numbered in the request; no number means the first page",
    "from_page": "only this page and later ones",
    "limit_at_least": "only pages asked for with this many rows or more",
    "row": "only answers that hold the row with this id, in whatever window (not for faults of pages and rows)",
    "faster_than": "only requests beyond so many within a second: a real rate limit",
    "every": "only each n-th request that the other clauses let through",
    "times": "only the first n requests that the other clauses let through",
    "chance": "only with this probability, drawn from `seed`",
    "seed": "seed of every draw of this fault (0)",
}

# Faults of the answer as a whole: these may be met after the rows of the answer are known.
WHOLE_ANSWER = {"rate_limited", "status", "latency", "truncated", "html", "dropped", "hang"}

SWITCHES: dict[str, Switch] = {
    switch.name: switch
    for switch in (
        Switch("page_base", "number of the first page", {"resource": "customers", "base": 1}, "base", {"base": 1}),
        Switch(
            "max_limit",
            "largest page; more is served as `limit` rows (`clamp`) or refused with 400 (`refuse`)",
            {"limit": 100, "how": "refuse"},
            "limit",
            {"limit": 100, "how": "clamp"},
            ("clamp", "refuse"),
        ),
        Switch(
            "auth",
            "status without credentials, and for wrong ones",
            {"missing": 401, "wrong": 401},
            "wrong",
            {"missing": 401, "wrong": 403},
        ),
        Switch(
            "rate_limited",
            "429; `retry_after` as `seconds`, as HTTP `date`, or `missing`",
            {"every": 5, "seconds": 2, "retry_after": "date"},
            "every",
            {"seconds": 1, "retry_after": "seconds"},
            ("seconds", "date", "missing"),
        ),
        Switch(
            "status",
            "this status instead of the answer; body as `json` or `html`",
            {"resource": "customers", "pages": [3], "times": 2, "status": 503},
            "status",
            {"status": 500, "body": "json"},
            ("json", "html"),
        ),
        Switch(
            "latency",
            "wait this long, and so much more for each page of depth",
            {"seconds": 0.2, "per_page": 0.01},
            "seconds",
            {"seconds": 0.0, "per_page": 0.0},
        ),
        Switch(
            "truncated",
            "the body breaks off: `short` of its Content-Length, or as a `whole` answer of half the JSON",
            {"pages": [2], "times": 1},
            "how",
            {"how": "short"},
            ("short", "whole"),
        ),
        Switch("html", "an HTML page with status 200", {"resource": "orders", "chance": 0.1}),
        Switch("dropped", "the connection closes without an answer", {"every": 7}),
        Switch(
            "hang",
            "nothing is answered for so long, then the connection closes",
            {"pages": [4], "times": 1, "seconds": 30},
            "seconds",
            {"seconds": 60.0},
        ),
        Switch(
            "away",
            "every connection is closed without an answer for so long from now on",
            10,
            "seconds",
            {"seconds": 10.0},
        ),
        Switch("next_on_last_page", "`next` names a page after the last, which is empty"),
        Switch("next_null", "`next` is null though rows follow", {"resource": "orders", "pages": [2]}),
        Switch(
            "next_loop",
            "`next` names this page again, or page `to`",
            {"pages": [5], "to": 1},
            "to",
            {"to": None},
        ),
        Switch("next_bare", "`next` is `?page=n` without the other parameters"),
        Switch(
            "next_absolute",
            "`next` is a full URL at this host",
            "http://api.example.com",
            "host",
            {"host": "https://api.example.com"},
        ),
        Switch("next_unparseable", "`next` is this text", "?page=two", "text", {"text": "page two"}),
        Switch("count_off", "`count` is off by so many", -3, "by", {"by": 1}),
        Switch("count_null", "`count` is null"),
        Switch(
            "empty_page",
            "a page in the middle has no rows; `next` goes on",
            {"resource": "customers", "pages": [3]},
        ),
        Switch(
            "inserted",
            "so many rows appear after the request, with the highest ids",
            {"resource": "customers", "every": 2, "rows": 3},
            "rows",
            {"rows": 1},
        ),
        Switch(
            "deleted",
            "so many rows vanish after the request, `behind` what was served or `anywhere`",
            {"resource": "customers", "every": 2, "rows": 3, "where": "behind"},
            "rows",
            {"rows": 1, "where": "behind"},
            ("behind", "anywhere"),
        ),
        Switch(
            "duplicates",
            "the last rows of the page before come again, in front of the page's own",
            2,
            "rows",
            {"rows": 1},
        ),
        Switch(
            "holes",
            "the last rows of a page are left out, though `count` counts them",
            {"pages": [3], "rows": 2},
            "rows",
            {"rows": 1},
        ),
        Switch(
            "shuffled",
            "order that is not by id: the same for all requests (`stable`) or `anew` for each",
            "anew",
            "how",
            {"how": "stable"},
            ("stable", "anew"),
        ),
        Switch("limit_ignored", "always so many rows a page", 25, "rows", {"rows": 10}),
        Switch("filter_ignored", "filters are read and not obeyed"),
        Switch("with_ignored", "no relation is embedded, whatever `with` says"),
        Switch("epoch_dates", "date-times as milliseconds since 1970", {"resource": "shipments"}),
        Switch("integer_enums", "statuses and results as integers"),
        Switch("relations_as_urls", "embedded relations as URL strings"),
        Switch("relations_in_arrays", "a related object as an array of one"),
        Switch(
            "nulls",
            "each property but `id` is null with this probability, the same ones at every read",
            0.1,
            "share",
            {"share": 0.1},
        ),
        Switch("extra_properties", "rows carry properties that no document names"),
        Switch("misspelt", "names as the documents misspell them: transaction_fes, tax_prices, instance"),
        Switch(
            "odd_text",
            "text, nested too, carries a NUL (`nul`) or half a surrogate pair (`surrogate`), as JSON escapes",
            "surrogate",
            "kind",
            {"kind": "nul"},
            ("nul", "surrogate"),
        ),
        Switch(
            "bad_dates",
            "date-times that cannot be read: this text, or in turn an empty one, 0000-00-00 and soon",
            {"share": 0.2, "text": "soon"},
            "text",
            {"text": None, "share": 1.0},
        ),
    )
}


def markdown_table(switches: Mapping[str, Switch] = SWITCHES, clauses: Mapping[str, str] = CLAUSES) -> str:
    """All switches and clauses as two tables."""
    rows = ["| switch | what goes wrong | options (defaults) | example |", "| --- | --- | --- | --- |"]
    for switch in switches.values():
        options = ", ".join(f"`{name}` ({json.dumps(default)})" for name, default in switch.options.items())
        example = f"{switch.name}={json.dumps(switch.example)}"
        rows.append(f"| `{switch.name}` | {switch.doc} | {options} | `{example}` |")
    rows += ["", "| clause | the fault is met by |", "| --- | --- |"]
    rows += [f"| `{name}` | {doc} |" for name, doc in clauses.items()]
    return "\n".join(rows)
