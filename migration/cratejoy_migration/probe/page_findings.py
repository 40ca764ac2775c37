"""What Cratejoy's pages are like: numbers, sizes, order, end. Pure."""

from __future__ import annotations

from cratejoy_migration.probe.cratejoy import ABOVE, DEEP_SIZE, LIMITS, Answers, base, largest
from cratejoy_migration.probe.findings import Finding, Verdict, compared, cratejoy, grouped
from cratejoy_migration.probe.sightings import RESOURCES


def judge(answers: Answers) -> list[Finding]:
    """Return the findings about pages."""
    return [
        _readable(answers),
        _counts(answers),
        _base(answers),
        _default_limit(answers),
        _largest(answers),
        _above(answers),
        _order(answers),
        _stable(answers),
        _last_page(answers),
        _kept(answers),
    ]


def _readable(answers: Answers) -> Finding:
    bad = {stream: one.trouble for stream, one in answers.first.items() if one.trouble}
    return cratejoy(
        "streams that can be read",
        "the first page of each stream",
        grouped(bad, by_name=True) if bad else f"all {len(answers.first)}",
        f"all {len(RESOURCES)}",
        Verdict.DIFFERS if bad else Verdict.AGREES,
        follows="what cannot be read cannot be collected; deselect it in meltano.yml, or see to the rights"
        if bad
        else "",
        prevents="customers" in bad,
        figures={"troubles": bad},
    )


def _counts(answers: Answers) -> Finding:
    counts = {stream: one.count for stream, one in answers.first.items()}
    known = {stream: count for stream, count in counts.items() if count is not None}
    text = ", ".join(f"{stream} {count:,}" for stream, count in known.items())
    silent = [stream for stream in counts if stream not in known and answers.first[stream].page]
    return cratejoy(
        "count",
        "the envelope of each first page",
        text + (f"; none for {', '.join(silent)}" if silent else "") if text else "no stream told one",
        "rows of the whole query, in every stream",
        Verdict.UNKNOWN if not known else Verdict.DIFFERS if silent else Verdict.AGREES,
        follows="a stream without a count cannot be proven complete" if silent else "",
        figures=counts,
    )


def _base(answers: Answers) -> Finding:
    bases = {stream: base(one, answers.second[stream]) for stream, one in answers.first.items()}
    known = {stream: number for stream, number in bases.items() if number is not None}
    odd = {stream for stream, number in known.items() if number and stream != "shipments"}
    names = {stream: "not to be told" if number is None else number for stream, number in bases.items()}
    lies = [
        stream
        for stream, number in known.items()
        if answers.first[stream].next_number and answers.first[stream].next_number != number + 1
    ]
    found = grouped(names) + (f"; but next names another page in {', '.join(lies)}" if lies else "")
    verdict = Verdict.UNKNOWN if not known else Verdict.DIFFERS if odd or lies else Verdict.AGREES
    return cratejoy(
        "number of the first page",
        "no page number, then page=1, in each stream",
        found,
        "0; for shipments 0 or 1",
        verdict,
        follows="nothing: the tap learns it from the first page" if odd or lies else "",
        figures=bases,
    )


def _default_limit(answers: Answers) -> Finding:
    rows = {stream: len(one.ids) for stream, one in answers.first.items() if one.has_next and one.ids}
    return cratejoy(
        "rows a page without limit",
        "the first page of each stream",
        grouped(rows) if rows else "no stream is longer than a page",
        "10",
        Verdict.UNKNOWN if not rows else compared(frozenset(rows.values()), [frozenset({10})]),
        figures=rows,
    )


def _largest(answers: Answers) -> Finding:
    most, count = largest(answers.limits), answers.first["customers"].count
    served = {size: one.trouble or len(one.ids) for size, one in answers.limits.items()}
    cut = [
        size for size, one in answers.limits.items() if one.page and one.count and len(one.ids) < min(size, one.count)
    ]
    refused = [size for size, one in answers.limits.items() if size in LIMITS and one.trouble]
    short = not cut and not refused and (most or 0) < max(LIMITS)
    found = f"{most:,}" if most else "less than 100" if cut or refused else "not to be told"
    if cut:
        found += f"; limit={cut[0]} serves {len(answers.limits[cut[0]].ids)}"
    if refused:
        found += f"; limit={refused[0]}: {answers.limits[refused[0]].trouble}"
    if short and count is not None:
        found += f": there are only {count:,} customers"
    return cratejoy(
        "largest limit",
        "customers with limit=" + ", ".join(map(str, answers.limits)),
        found,
        "1,000",
        Verdict.UNKNOWN if short else Verdict.AGREES if (most or 0) >= max(LIMITS) else Verdict.DIFFERS,
        follows="page_size at most this" if cut or refused else "",
        figures={"largest": most, "served": served},
    )


def _above(answers: Answers) -> Finding:
    """Say what is done with a limit above the largest: the first size that did not come whole tells it."""
    how: str | None = None
    for size, one in sorted(answers.limits.items()):
        if one.refused:
            how = f"limit={size} is refused with {one.status}"
        elif one.page and one.count and len(one.ids) < min(size, one.count):
            how = f"limit={size} is cut to {len(one.ids)} rows"
        if how:
            break
    if how is None and (over := answers.limits.get(ABOVE)) and over.page and len(over.ids) == ABOVE:
        how = f"limit={ABOVE} is served in full"
    return cratejoy(
        "a limit above the largest",
        f"customers with limit={ABOVE}, or the first size that did not come whole",
        how or "not to be told from so few rows",
        "not known: cut, or 400",
        Verdict.NEW if how else Verdict.UNKNOWN,
    )


def _order(answers: Answers) -> Finding:
    orders: dict[str, str] = {}
    for stream, one in answers.first.items():
        second = answers.second[stream]
        ids = one.ids + (second.ids if base(one, second) == 0 else ())
        if len(ids) > 1:
            orders[stream] = _direction(ids)
    return cratejoy(
        "order of rows",
        "the ids of the first pages of each stream",
        grouped(orders) if orders else "not to be told from so few rows",
        "ascending id",
        Verdict.UNKNOWN if not orders else compared(frozenset(orders.values()), [frozenset({"ascending id"})]),
        follows="nothing: the tap drops doubles and proves each scan complete"
        if set(orders.values()) - {"ascending id"}
        else "",
        figures=orders,
    )


def _direction(ids: tuple[int, ...]) -> str:
    if list(ids) == sorted(ids):
        return "ascending id"
    return "descending id" if list(ids) == sorted(ids, reverse=True) else "no order of ids"


def _stable(answers: Answers) -> Finding:
    """The first page was asked for in several sizes: a smaller one must be the head of a larger one."""
    heads = [one.ids for one in (answers.first["customers"], *answers.limits.values()) if one.page and one.ids]
    same = all(ids[: len(heads[0])] == heads[0][: len(ids)] for ids in heads[1:]) if len(heads) > 1 else None
    return cratejoy(
        "the same order when asked again",
        "the first rows of customers, in pages of several sizes",
        {True: "the same", False: "another one each time", None: "not to be told"}[same],
        "the same",
        compared(same, [True]),
        follows="" if same is not False else "scans will need several passes (completeness_passes)",
    )


def _last_page(answers: Answers) -> Finding:
    truths = {}
    for stream, one in answers.last.items():
        if one.page and one.count is not None:
            truths[stream] = "names a page after the last" if one.has_next else "is null"
    return cratejoy(
        "next on the last page",
        "the page that the count says is the last, of customers and orders",
        grouped(truths) if truths else "not to be told",
        "null, perhaps a page too many",
        Verdict.UNKNOWN if not truths else compared(frozenset(truths.values()), [frozenset({"is null"})]),
        follows="one request more a stream; the tap ends at the empty page"
        if set(truths.values()) - {"is null"}
        else "",
    )


def _kept(answers: Answers) -> Finding:
    one = answers.others["id__gt"]
    other = answers.limits.get(DEEP_SIZE, one)
    sent = {"limit", "id__gt"} if one.has_next else {"limit"}
    asked = one if one.has_next else other
    lost = sorted(sent - asked.next_names) if asked.has_next else None
    form = "; as a whole URL" if asked.next_absolute else ""
    return cratejoy(
        "parameters in next",
        "customers with limit" + (" and a filter" if one.has_next else ""),
        "not to be told" if lost is None else (f"loses {', '.join(lost)}" if lost else "keeps them") + form,
        "keeps them, relative",
        Verdict.UNKNOWN if lost is None else Verdict.DIFFERS if lost or form else Verdict.AGREES,
        follows="nothing: the tap takes only the page from it" if lost or form else "",
    )
