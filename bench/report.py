"""The table of a run, as Markdown, and its place in bench/README.md: one section for each database and size."""

import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path

import config

README = Path(__file__).with_name("README.md")


def table(bare, found, memory):
    """Ratios say which part of the bare 50-row page's requests a second a line reaches, best to best."""
    rows = [
        "| line | p50 ms | p95 ms | p99 ms | own work ms | requests/s best | median | of the bare 50 rows |",
        "|---|---|---|---|---|---|---|---|",
    ]
    most = max(bare[1].rates)
    rows += [_row(one, most) for one in (*bare, *found)]
    return "\n".join([*rows, "", f"Memory of the web processes and the worker after it: {memory:.0f} MB."])


def _row(one, most):
    if one.skipped:
        return f"| {one.name} | {one.skipped} | | | | | | |"
    cuts = statistics.quantiles(one.took, n=100, method="inclusive")
    times = " | ".join(f"{cuts[part - 1]:.1f}" for part in (50, 95, 99))
    best, middle = max(one.rates), statistics.median(one.rates)
    return f"| {one.name} | {times} | {one.work:.1f} | {best:.0f} | {middle:.0f} | {best / most:.2f} |"


def keep(kind, size, written):
    """Put the table in the place of the last one of this database and size."""
    title = f"### {kind}, {size:,} tickets"
    section = f"{title}\n\n{_when()}\n\n{written}\n"
    readme = README.read_text()
    pattern = re.compile(rf"{re.escape(title)}\n.*?(?=^##|\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(readme):
        readme = pattern.sub(lambda _: section + "\n", readme)
    else:
        readme = readme.replace("<!-- tables -->", f"<!-- tables -->\n{section}", 1)
    README.write_text(readme.rstrip() + "\n")


def _when():
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=config.HERE, capture_output=True, text=True
    ).stdout.strip()
    machine = f"{os.cpu_count()} cores of {_processor()}, load {os.getloadavg()[0]:.1f}"
    return f"{time.strftime('%Y-%m-%d')}, commit {commit}, {machine}, Python {platform.python_version()}."


def _processor():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()
