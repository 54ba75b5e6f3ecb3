# ruff: noqa: E501 (a table of mistakes, one a line)
"""The command line: help without torch, and one or two clear lines for every mistake."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from hydra import compose

from seqlab import cli
from seqlab.cli import commands
from seqlab.config import composed

ROOT = Path(__file__).parents[2]

MISTAKES = {
    "a misspelt model": (["model=lsmt"], ["did you mean 'lstm'", "bilstm"]),
    "a misspelt key": (["model.hiden_size=64"], ["model.hiden_size is unknown", "'model.hidden_size'"]),
    "a misspelt group": (["modle=lstm"], ["modle is unknown", "'model'"]),
    "a value out of range": (["model.hidden_size=-1"], ["model.hidden_size must be greater", "got -1"]),
    "a word for a number": (["optimizer.lr=abc"], ["optimizer.lr must be a valid number", "'abc'"]),
    "a rate of zero": (["optimizer.lr=0"], ["optimizer.lr must be greater than 0"]),
    "a fraction for a count": (["model.num_layers=1.5"], ["model.num_layers", "1.5"]),
    "an unknown choice": (["model.pooling=first"], ["model.pooling: no pooling named 'first'; there are: combined, last"]),
    "an unknown cell": (["model.cell=lsm"], ["no cell named 'lsm'", "did you mean 'lstm'"]),
    "an unknown engine": (["engine=fast"], ["no engine named 'fast'", "reference"]),
    "an option the cell lacks": (["model.options.dt=0.1"], ["cell 'lstm' has no option 'dt'"]),
    "a key of another scheduler": (["scheduler=cosine", "scheduler.patience=3"], ["scheduler.patience is unknown"]),
    "shares that leave nothing": (["data.val_share=0.6", "data.test_share=0.5"], ["val_share + test_share", "1.1"]),
    "an encoder for other data": (["model.encoder=linear"], ["model.encoder=linear does not read tokens"]),
    "a missing data folder": (["data.root=/nowhere"], ["data.root=/nowhere does not exist", "data.source=sample"]),
    "real data that are nowhere": (["data.source=real"], ["no real data", "SEQLAB_OFFLINE is set"]),
    "a module that does not exist": (["imports=[nope]"], ["imports=nope", "no such module"]),
    "a folder that cannot be written": (["paths.output_dir=/dev/null/x"], ["cannot write to /dev/null/x"]),
    "a misspelt option": (["--multrun"], ["no option '--multrun'", "'--multirun'"]),
    "a word that is no setting": (["fast"], ["'fast' is not KEY=VALUE"]),
    "a missing preset": (["experiment=names_fast"], ["unknown experiment", "names_best"]),
}  # fmt: skip


@pytest.mark.product(3)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gives_one_line_exit_code_2_and_no_folder(train, capsys, mistake):
    arguments, words = MISTAKES[mistake]
    assert train(*arguments) == 2
    shown = capsys.readouterr().err
    lines = [line for line in shown.splitlines() if line.startswith("seqlab: ")]
    assert len(lines) == 1
    assert "Traceback" not in shown
    assert "Error executing job" not in shown
    for word in words:
        assert word in lines[0]
    assert not list(Path("out").glob("*"))


def test_a_gpu_that_is_not_there_is_refused(train, capsys, monkeypatch):
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 0)
    assert train("trainer.accelerator=gpu") == 2
    assert "this machine has no gpu; use trainer.accelerator=cpu" in capsys.readouterr().err


def test_all_mistakes_of_a_command_are_said_at_once(train, capsys):
    assert train("model.hiden_size=64", "modle=x", "optimizer.lr=abc", "model.dropout=2") == 2
    lines = capsys.readouterr().err.splitlines()
    keys = [line.split()[1] for line in lines if line.startswith("seqlab: ")]
    assert keys == ["model.hiden_size", "modle", "model.dropout", "optimizer.lr"]


def test_a_file_that_is_not_utf8_is_named_with_the_place(train, capsys, tmp_path):
    folder = tmp_path / "names"
    folder.mkdir()
    (folder / "French.txt").write_bytes("Lefèvre\nDurand\n".encode("latin-1"))
    (folder / "Greek.txt").write_text("Pappas\nSamaras\n")
    assert train(f"data.root={folder}") == 2
    shown = capsys.readouterr().err
    assert "French.txt is not UTF-8: byte 0xe8 at offset 3" in shown


def test_data_that_are_wrong_leave_no_folder(train, tmp_path):
    (tmp_path / "names").mkdir()
    assert train("data.root=names") == 2
    assert not list(Path("out").glob("*"))


def test_a_users_file_must_not_have_a_packaged_name(train, capsys, tmp_path):
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/model/lstm.yaml").write_text("cell: gru\n")
    assert train("--config-dir", "conf") == 2
    assert "lstm.yaml has the name of seqlab's model/lstm.yaml" in capsys.readouterr().err


def test_a_users_file_says_what_differs_and_every_other_key_can_be_set(train, capsys, tmp_path):
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/model/mine.yaml").write_text("cell: gru\n")
    assert train("--config-dir", "conf", "model=mine", "model.dropout=2") == 2
    assert capsys.readouterr().err == "seqlab: model.dropout must be less than 1, got 2\n"


def test_an_import_that_fails_is_named_with_its_line(train, capsys, tmp_path):
    (tmp_path / "broken_cells.py").write_text("x = 1\ny = x / 0\n")
    assert train("imports=[broken_cells]") == 2
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "broken_cells.py:2" in shown


def test_debug_variable_shows_the_trace(train, monkeypatch):
    monkeypatch.setenv("SEQLAB_DEBUG", "1")
    with pytest.raises(Exception, match="no real data"):
        train("data.root=/nowhere")


AT_ONCE = ["--help", "--version"]
"""Commands that must not wait for Hydra and pydantic either."""
QUICKLY_ANSWERED = [
    *(f"{command} --help" for command in ("train", *commands.COMMANDS)),
    "config",
    "config data=text_csv",
    "config optimizer=rmsprop",
    "trian",
    "train modl=lstm model.hiden_size=3 optimizer.lr=x",
    "train model=lsmt",
    "train model.cell=lsmt",
    "train optimizer.lr=x",
    "train engine=nativ trainer.strategy=dpp model.encoder=linear trainer.devices=0",
    "train data=jena_climate model.encoder=embedding",
    "train -m model=gru,lsmt seed=0,x",
]
"""Commands, each of which must not wait for torch."""


@pytest.mark.parametrize(
    ("commands", "slow"),
    [
        (AT_ONCE, {"hydra", "pydantic", "yaml", "rich"}),
        (QUICKLY_ANSWERED, {"torch", "lightning", "pandas", "matplotlib", "rich", "filelock"}),
    ],
)
def test_what_needs_no_training_does_not_import_what_is_slow(commands, slow):
    program = (
        "import sys\nfrom seqlab.cli import main\n"
        f"for command in {commands!r}:\n"
        "    sys.argv = ['seqlab', *command.split()]\n"
        "    try:\n        main()\n    except SystemExit:\n        pass\n"
        f"    assert not {slow!r} & set(sys.modules), command\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "times"), [("model=lsmt", 0), ("lr=oops", 1), ("model=lsmt modl.cell=gru seed=x", 1)]
)
def test_a_wrong_command_is_composed_once_at_most(command, times, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(
        composed, "compose", lambda *given, **options: asked.append(given) or compose(*given, **options)
    )
    for _ in range(2):
        assert cli.train(command.split()) == 2
        assert len(asked) == times


def test_a_whole_configuration_is_validated_without_torch():
    program = (
        "import sys\nfrom hydra import compose, initialize_config_module\n"
        "from seqlab.config.compose import make_config\n"
        "with initialize_config_module('seqlab.conf', version_base='1.3'):\n"
        "    make_config(compose('config', overrides=['experiment=jena_best', 'trainer=ddp']))\n"
        "assert not {'torch', 'lightning'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


PROCESS = """
import atexit, os, sys, threading, time
from seqlab.cli import process

class Kept:
    def __del__(self):
        os.write(1, b"taken apart\\n")

kept = Kept()

def late():
    time.sleep(0.1)
    print("thread")

def command():
    atexit.register(print, "registered")
    threading.Thread(target=late).start()
    print("command")
    {end}

process(command)
"""


@pytest.mark.parametrize(
    ("end", "code", "last"),
    [
        ("return 3", 3, "registered"),
        ("sys.exit(143)", 143, "registered"),
        ("return 1 / 0", 1, "taken apart"),
        ("sys.exit('why')", 1, "taken apart"),
    ],
)
def test_a_process_ends_at_once_when_all_else_has_ended(end, code, last):
    program = [sys.executable, "-c", PROCESS.format(end=end)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == code
    lines = ["command", "thread", "registered", "taken apart"]
    assert done.stdout.splitlines() == lines[: lines.index(last) + 1]
    assert ("Traceback" in done.stderr) == ("/" in end)


@pytest.mark.parametrize("program", [["-m", "seqlab", "--version"], [ROOT / "train.py", "--help"]])
def test_what_is_called_ends_at_once(program):
    command = [sys.executable, "-v", *program]  # Python tells what it cleans up
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "import 'seqlab.cli'" in done.stderr
    assert "# cleanup" not in done.stderr


@pytest.mark.parametrize(
    ("output", "code", "complaint"), [("&-", 0, ""), ("/dev/full", 1, "No space left on device")]
)
def test_an_output_that_takes_nothing_is_no_reason_for_a_trace(output, code, complaint):
    line = f"{sys.executable} -m seqlab --version >{output}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert complaint in done.stderr
    assert bool(done.stderr) == bool(complaint)
    assert "Traceback" not in done.stderr


def test_the_installed_command_ends_at_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["seqlab"].partition(":")
    assert getattr(import_module(module), name) is cli.process


def test_help_names_groups_and_keys():
    command = [sys.executable, ROOT / "train.py", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for word in ("model: bigru, bilstm", "python train.py model=lstm data=names", "hidden_size: 128"):
        assert word in shown


def test_an_unknown_command_lists_the_known_ones(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["seqlab", "trian"])
    assert cli.main() == 2
    assert "no command 'trian'; did you mean 'train'?" in capsys.readouterr().err


def test_the_command_without_arguments_shows_its_use(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["seqlab"])
    assert cli.main() == 0
    assert "seqlab train" in capsys.readouterr().out


def test_train_py_and_the_installed_command_are_the_same(tmp_path):
    environment = os.environ | {"COLUMNS": "120"}
    for command in ([ROOT / "train.py"], ["-m", "seqlab", "train"]):
        done = subprocess.run(
            [sys.executable, *command, "model=lsmt"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("seqlab: model=lsmt: unknown model; did you mean 'lstm'")


@pytest.mark.parametrize(
    "printing", [pytest.param("commands.run('cells', [])", marks=pytest.mark.slow), "print('text')"]
)
def test_a_reader_who_has_seen_enough_ends_the_command_without_a_word(printing):
    program = f"import sys; from seqlab.cli import commands; from seqlab.config.exit_codes import guarded; sys.exit(guarded(lambda: {printing}, ()))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
