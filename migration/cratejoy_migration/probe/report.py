"""The probe's findings for the screen, and as files that can be shared: no personal data, no secret, no shop's name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from cratejoy_migration.probe.advice import Advice
from cratejoy_migration.probe.env_file import replace
from cratejoy_migration.probe.findings import Finding, Verdict

MARKS = {Verdict.AGREES: "", Verdict.DIFFERS: "≠", Verdict.NEW: "+", Verdict.UNKNOWN: "?"}
_STYLES = {Verdict.DIFFERS: "yellow", Verdict.UNKNOWN: "dim"}
LEGEND = "≠ differs from the reference   + not known before   ? could not be told"


def table(platform: str, findings: Iterable[Finding]) -> Table:
    """Return one platform's findings for the screen; those that prevent a migration are red."""
    screen = Table(title=platform, title_justify="left", title_style="bold", box=None, pad_edge=False)
    screen.add_column("", width=1)
    screen.add_column("", ratio=3, overflow="fold")
    screen.add_column("found", ratio=5, overflow="fold")
    screen.add_column("expected", ratio=4, overflow="fold")
    for one in findings:
        if one.platform == platform:
            style = "bold red" if one.prevents else _STYLES.get(one.verdict, "")
            cells = (MARKS[one.verdict], one.topic, one.found, one.assumed)
            screen.add_row(*(Text(cell) for cell in cells), style=style)
    return screen


def consequences(findings: Iterable[Finding]) -> list[str]:
    """Return what somebody has to do or to know after findings that are not as expected, one line each."""
    return [
        f"{one.topic}: {one.follows}"
        for one in findings
        if one.follows and one.verdict is not Verdict.AGREES and not one.follows.startswith("nothing")
    ]


def blockers(findings: Iterable[Finding]) -> list[str]:
    """Return what makes a migration impossible, one line each."""
    return [
        f"{one.platform}, {one.topic}: {one.found}. {one.follows[:1].upper()}{one.follows[1:]}."
        for one in findings
        if one.prevents
    ]


def pseudonym(shop: str) -> str:
    """Return what tells a shop from others without naming it."""
    return hashlib.sha256(shop.encode()).hexdigest()[:12]


def as_json(kind: str, findings: Iterable[Finding], advice: Iterable[Advice], **more: Any) -> dict[str, Any]:
    """Return the report.

    Args:
        kind: "probe" or "pilot".
        findings: All of them.
        advice: Recommended settings.
        more: Further figures.
    """
    names = ("tap-cratejoy", "target-shopify", "cratejoy-migration")
    return {
        "report": kind,
        "version": 1,
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "programs": {name: metadata.version(name) for name in names},
        **more,
        "findings": [one.as_json() for one in findings],
        "recommended": {one.variable: {"value": one.value, "why": one.why} for one in advice},
    }


def as_markdown(report: Mapping[str, Any]) -> str:
    """Return a report for people to read and to share."""
    lines = [
        f"# {str(report['report']).capitalize()} of {report['made_at']}",
        "",
        "No names, addresses, e-mails, keys or ids of anybody are in this file; the shop is named by a hash.",
        "",
    ]
    for platform in dict.fromkeys(str(one["platform"]) for one in report["findings"]):
        lines += [
            f"## {platform}",
            "",
            "| | what | asked | found | expected | what follows |",
            "|---|---|---|---|---|---|",
        ]
        for one in report["findings"]:
            if one["platform"] == platform:
                cells = (
                    MARKS[Verdict(one["verdict"])],
                    *(one[key] for key in ("topic", "asked", "found", "assumed", "follows")),
                )
                lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    lines += ["## Recommended settings", ""]
    lines += [f"- `{name}={one['value']}`: {one['why']}" for name, one in report["recommended"].items()] or ["None."]
    return "\n".join([*lines, "", LEGEND, ""])


def write(folder: Path, report: Mapping[str, Any]) -> list[Path]:
    """Write a report as JSON and as Markdown, readable by the owner only; return the files.

    Raises:
        OSError: They cannot be written; earlier ones are as they were.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = str(report["report"])
    texts = {f"{name}.json": json.dumps(report, indent=2, ensure_ascii=False) + "\n", f"{name}.md": as_markdown(report)}
    for file, text in texts.items():
        replace(folder / file, text)
    return [folder / file for file in texts]
