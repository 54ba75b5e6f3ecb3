"""``seqlab report`` as it is typed: what it writes, what it refuses, and that it is light."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from seqlab import cli


@pytest.fixture
def report(tmp_path, monkeypatch, capsys):
    """Return the command, run in tmp_path: its exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqlab", "report", *arguments])
        code = cli.main()
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_the_table_can_be_written_and_has_every_run_if_asked(report, classify):
    for seed in range(2):
        classify("lstm", seed=seed)
    code, shown, _ = report("out", "--csv", "groups.csv", "--markdown", "report.md")
    assert code == 0
    sizes = [f"{file}  {Path(file).stat().st_size:,} bytes" for file in ("groups.csv", "report.md")]
    assert shown.splitlines()[-2:] == sizes
    assert "# Report on out" in Path("report.md").read_text(encoding="utf-8")
    assert list(pd.read_csv("groups.csv")["n"].dropna()) == [2]
    code, shown, _ = report("out", "--runs", "--csv", "runs.csv")
    assert code == 0
    assert shown.count("lstm/2026-01-01") == 2
    table = pd.read_csv("runs.csv").dropna(subset="n")
    assert sorted(table["seed"]) == [0, 1]
    assert table["test/accuracy_std"].isna().all()


def test_some_of_the_folders_can_be_compared_each_run_once(report, classify):
    one, two, _ = (classify(name, model={"cell": name}) for name in ("lstm", "gru", "rnn"))
    code, shown, _ = report(str(one), f"out/gru/../{two.parent.name}", str(two), "--csv", "two.csv")
    assert code == 0
    assert sorted(pd.read_csv("two.csv").dropna(subset="n")["cell"]) == ["gru", "lstm"]
    assert "rnn" not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["empty"], "no run found below empty; seqlab train makes one"),
        (["nowhere"], "no run found below nowhere"),
        (["out", "--csv", "empty"], "cannot write empty: Is a directory"),
        (["out", "--csv", "nowhere/report.csv"], "cannot write nowhere/report.csv: No such file"),
        (["out", "--html", "nowhere/report.html"], "cannot write nowhere/report.html: No such file"),
        (["out", "--markdown", "nowhere/report.md"], "cannot write nowhere/report.md: No such file"),
        (["out", "--markdown", "empty"], "--markdown empty is not a file"),
        (["out", "--pdf", "x"], "unrecognized arguments: --pdf x"),
        (["out", "--html"], "--html: expected one argument"),
    ],
)
def test_a_wrong_use_gives_one_line_and_exit_code_2(report, classify, arguments, words):
    if "--html" in arguments:
        pytest.importorskip("plotly")
    classify("one")
    Path("empty").mkdir()
    code, shown, complaint = report(*arguments)
    assert (code, shown) == (2, "")
    assert words in complaint
    assert len(complaint.splitlines()) == 1


def test_a_missing_plotly_is_one_line_with_the_remedy(report, classify, monkeypatch):
    classify("one")
    monkeypatch.setattr("seqlab.cli.report.find_spec", lambda name: None if name == "plotly" else object())
    code, shown, complaint = report("out", "--html", "page.html")
    assert (code, shown) == (2, "")
    assert complaint == "seqlab: --html needs plotly: pip install 'seqlab[report]'\n"
    assert not Path("page.html").exists()
    assert report("out")[0] == 0


def test_a_report_does_not_import_torch(classify, tmp_path):
    pytest.importorskip("plotly")
    classify("one")
    code = (
        "import sys; from seqlab import cli; sys.argv = ['seqlab', 'report', 'out', '--html', 'page.html'];"
        "assert cli.main() == 0; sys.exit(' '.join({'torch', 'lightning', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page.html").stat().st_size > 1_000_000
