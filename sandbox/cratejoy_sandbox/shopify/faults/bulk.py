"""Faults of bulk operations, uploads and result files; each is met where its `at` says."""

from cratejoy_sandbox.cratejoy.faults.switches import Switch

RUN, START, LINE, UPLOAD, RESULT = "bulk_run", "bulk_start", "bulk_line", "upload", "result"

SWITCHES = {
    switch.name: switch
    for switch in (
        Switch(
            "upload_refused",
            "the storage answers this status and keeps nothing",
            {"times": 2, "status": 503},
            "status",
            {"status": 503},
            at=UPLOAD,
        ),
        Switch(
            "bulk_refused",
            "a bulk operation is refused with OPERATION_IN_PROGRESS or LIMIT_REACHED, though there is room",
            {"chance": 0.3},
            "code",
            {"code": "OPERATION_IN_PROGRESS"},
            ("OPERATION_IN_PROGRESS", "LIMIT_REACHED"),
            at=RUN,
        ),
        Switch(
            "bulk_stays_created",
            "an operation stays CREATED for so many seconds of shop time",
            60,
            "seconds",
            {"seconds": 60.0},
            at=START,
        ),
        Switch(
            "bulk_fails",
            "an operation ends as FAILED after so many lines, with what it has as partialDataUrl",
            {"times": 1, "lines": 100, "code": "TIMEOUT"},
            "lines",
            {"lines": 10, "code": "INTERNAL_SERVER_ERROR"},
            ("INTERNAL_SERVER_ERROR", "TIMEOUT", "ACCESS_DENIED"),
            at=START,
        ),
        Switch(
            "bulk_expires",
            "a completed operation is EXPIRED, its result gone, so many seconds of shop time after its end",
            {"times": 1, "seconds": 0},
            "seconds",
            {"seconds": 0.0},
            at=START,
        ),
        Switch(
            "line_executed_twice",
            "a line is executed twice; the `first` or the `second` result is in the file",
            {"every": 50, "result": "second"},
            "result",
            {"result": "first"},
            ("first", "second"),
            at=LINE,
        ),
        Switch("line_without_result", "a line is executed, but has no line in the result file", {"every": 50}, at=LINE),
        Switch("line_result_doubled", "a line's result is in the result file twice", {"every": 50}, at=LINE),
        Switch(
            "result_refused",
            "the result file is answered with this status; 403 and 404 come as XML",
            {"times": 2, "status": 404},
            "status",
            {"status": 403},
            at=RESULT,
        ),
        Switch(
            "result_truncated",
            "the result file breaks off: `short` of its Content-Length, or as a `whole` answer of half the bytes",
            {"times": 1, "how": "whole"},
            "how",
            {"how": "short"},
            ("short", "whole"),
            at=RESULT,
        ),
        Switch("result_without_range", "the Range of a download is not obeyed: all of it with status 200", at=RESULT),
        Switch(
            "result_slow",
            "the result file comes at so many bytes a second",
            100_000,
            "bytes_per_second",
            {"bytes_per_second": 100_000},
            at=RESULT,
        ),
    )
}
