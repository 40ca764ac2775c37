"""The table of Shopify's fault switches: name, what it does, its own options with their defaults, an example."""

from cratejoy_sandbox.cratejoy.faults.switches import Switch
from cratejoy_sandbox.shopify.faults import bulk

CLAUSES = {
    "operation": "only requests with this root field, or one of a list: `customerSet`, `metafieldsSet`",
    "faster_than": "only requests beyond so many within a second: a real rate limit",
    "every": "only each n-th request that the other clauses let through",
    "times": "only the first n requests that the other clauses let through",
    "chance": "only with this probability, drawn from `seed`",
    "seed": "seed of every draw of this fault (0)",
}

SWITCHES: dict[str, Switch] = {
    switch.name: switch
    for switch in (
        Switch(
            "lost_answer",
            "the request is executed, then the connection closes without an answer",
            {"operation": "customerCreate", "every": 5},
        ),
        Switch("dropped", "the connection closes before anything is executed", {"every": 7}),
        Switch(
            "duplicated",
            "the request is executed twice; the `first` or the `second` answer is given",
            {"operation": "customerCreate", "times": 1},
            "answer",
            {"answer": "first"},
            ("first", "second"),
        ),
        Switch(
            "status",
            "this status instead of the answer, `before` the request is executed or `after` it; 402, 423 and 430 too",
            {"status": 503, "chance": 0.05, "when": "after"},
            "status",
            {"status": 500, "when": "before", "body": "json"},
            ("before", "after", "json", "html"),
        ),
        Switch(
            "rate_limited",
            "429; `retry_after` as `seconds`, as HTTP `date`, or `missing`",
            {"every": 5, "seconds": 2, "retry_after": "missing"},
            "every",
            {"seconds": 1, "retry_after": "seconds"},
            ("seconds", "date", "missing"),
        ),
        Switch("throttled", "THROTTLED with status 200, however full the bucket is", {"chance": 0.1}),
        Switch("internal_error", "errors with INTERNAL_SERVER_ERROR and no data, status 200", {"every": 20}),
        Switch("latency", "wait this long before the request is executed", 0.2, "seconds", {"seconds": 0.0}),
        Switch(
            "hang",
            "nothing is answered for so long, then the connection closes; not executed",
            {"times": 1, "seconds": 30},
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
        Switch(
            "truncated",
            "executed, but the body breaks off: `short` of its Content-Length, or as a `whole` answer of half the JSON",
            {"times": 1},
            "how",
            {"how": "short"},
            ("short", "whole"),
        ),
        Switch("html", "executed, but an HTML page with status 200 is the answer", {"chance": 0.1}),
        Switch("revoked", "401, as for a token that is no longer good", {"times": 1}),
        Switch(
            "token_lifetime",
            "tokens granted from now on live so many seconds of shop time, though `expires_in` says a day",
            60,
            "seconds",
            {"seconds": 60.0},
        ),
        Switch(
            "wrong_version",
            "the answer's X-Shopify-API-Version names this version",
            "2026-04",
            "version",
            {"version": "2026-04"},
        ),
        Switch(
            "index_lag",
            "searches find a customer's state only so many seconds of shop time after it was written",
            30,
            "seconds",
            {"seconds": 30.0},
        ),
        Switch(
            "missing_scope",
            "the token lacks this scope",
            {"scope": "write_customers", "operation": "customerCreate"},
            "scope",
            {"scope": "write_customers"},
        ),
    )
} | bulk.SWITCHES
