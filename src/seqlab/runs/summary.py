"""The summary at the end of a run: its scores next to those of the baselines, and facts about the run."""

from rich import box
from rich.table import Table

from seqlab.io.console import Terminal
from seqlab.runs.folder import RunFolder
from seqlab.tasks.baselines.names import WINDOWS


def print_summary(folder: RunFolder) -> None:
    """Print the record of a finished run to stdout."""
    console = Terminal(width=110)
    console.print(_scores(folder))
    console.print(_facts(folder))


def _scores(folder: RunFolder) -> Table:
    record = folder.record
    data = record["data"]
    sample = f" — SAMPLE DATA, not the real {data['name']}" if data["source"] == "sample" else ""
    table = Table(title=f"{record['name']}{sample}", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("metric")
    table.add_column("model", justify="right")
    for baseline in record["baselines"]:
        table.add_column(baseline, justify="right")
    for name, value in record["metrics"].items():
        others = [metrics.get(name) for metrics in record["baselines"].values()]
        table.add_row(name, *("" if number is None else f"{number:.4f}" for number in (value, *others)))
    return table


def _facts(folder: RunFolder) -> Table:
    record = folder.record
    data = record["data"]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    if any(name.startswith("balanced/") for name in record["metrics"]):
        table.add_row("balanced/…", "training samples, sampled uniformly over classes; not held out")
    for name, reason in record.get("baselines_missing", {}).items():
        table.add_row(name, reason)
    for name, metrics in record["baselines"].items():
        if count := metrics.get(f"test/{WINDOWS}"):
            table.add_row(
                name, f"scored on {count:,.0f} of {data['sizes']['test']:,} test windows, spread over all"
            )
    table.add_row("parameters", f"{record['parameters']:,}")
    table.add_row("engine", f"{record['engine']} ({record['engine_reason']})")
    table.add_row("device", record["device"])
    table.add_row("data", f"{data['source']}: {data['origin']}")
    table.add_row("epochs, steps", f"{record['epochs']}, {record['steps']:,}")
    table.add_row("time", f"{record['seconds']:.1f} s")
    table.add_row("folder", str(folder.path))
    return table
