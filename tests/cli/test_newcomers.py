"""Mistakes of a newcomer: each is answered in one or two lines that say what was wrong and what to do."""

import shlex

import pytest

QUICK = (
    *("trainer.max_epochs=1", "data.limit_train_samples=200", "model.hidden_size=16"),
    *("callbacks=none", "logger=none", "verbosity=quiet"),
    *("task.baselines=false", "callbacks.predictions=true"),
)

FILES = {
    "empty.csv": b"",
    "head.csv": b"text,label\n",
    "latin.csv": b"text,label\n" + "café,a\nthé,b\n".encode("latin-1") * 20,
    "texts.csv": b"text,label\n" + b"a word,a\nanother,b\n" * 30,
    "one.csv": b"text,label\n" + b"a word,a\n" * 60,
    "series.csv": b"time,v\n" + b"".join(b"2020-01-01 %02d:00:00,%d\n" % (h, h) for h in range(24)),
    "letters.csv": b"time,v\n2020-01-01 00:00:00,1\n2020-01-01 01:00:00,x\n",
    "prose.txt": b"some text\n" * 50,
    "picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "cut.zip": b"PK\x03\x04nope",
    "cut.onnx": b"nope",
    "cut.safetensors": b"12345678",
    "folder/keep": b"",
    "settings.yaml": b"a: 1\n",
    "broken.py": b"import nothing_of_that_name\n",
}

TEXTS = "train data=text_csv data.path=texts.csv"
SERIES = "train data=series_csv data.path=series.csv data.targets=[v]"

MISTAKES = {
    # the command
    "trian": "no command 'trian'; did you mean 'train'",
    "--verison": "no option '--verison'; did you mean '--version'",
    "train --model=lstm": "no option '--model'; settings have no dashes: model=lstm",
    "train --epochs 3": "settings have no dashes: epochs=3",
    "train --multrun": "did you mean '--multirun'",
    "train --config-name x": "--config-name=x: there is no such file",
    "train model lstm": "'model' is not KEY=VALUE",
    "train model = lstm": "write model=lstm, without spaces",
    "train model= lstm": "write model=lstm, without spaces",
    "train texts.csv": "'texts.csv' is not KEY=VALUE; seqlab inspect texts.csv shows",
    "train model:lstm": "'model:lstm' is not KEY=VALUE",
    # names
    "train model=LSTM": "model=LSTM: unknown model; did you mean 'lstm'",
    "train model.cell=LSTM": "no cell named 'LSTM'; did you mean 'lstm'",
    "train model=": "unknown model; there are:",
    "train ~model": "model is missing; there are:",
    "train ~data": "data is missing; there are:",
    "train +model=gru": "leave out the +",
    "train data=texts.csv": "data=texts.csv: a file is given by data.path; seqlab inspect texts.csv",
    "train data.path=texts.csv": "data.path is for a file of yours, with data=text_csv",
    "train optimizer=adma": "unknown optimizer; did you mean",
    "train optimizer=torch.optim.Nope": "torch.optim has no 'Nope'",
    "train experiment=nope": "unknown experiment",
    "train logger=wandbb": "unknown logger",
    "train model.pooling=attention": "no pooling named 'attention'; there are:",
    "train engine=cuda": "no engine named 'cuda'",
    "train lr=0.1": "did you mean optimizer.lr=0.1?",
    "train epochs=3": "did you mean trainer.max_epochs=3?",
    "train hidden_size=64": "did you mean model.hidden_size=64?",
    "train trainer.max_epoch=3": "did you mean 'trainer.max_epochs'",
    "train task.monitor=val/acc": "did you mean 'val/accuracy'",
    # values and ranges
    "train optimizer.lr=fast": "optimizer.lr must be a valid number, got 'fast'",
    "train optimizer.lr=-1": "optimizer.lr must be greater than 0, got -1",
    "train model.dropout=1.5": "model.dropout must be less than 1, got 1.5",
    "train model.num_layers=0": "greater than or equal to 1, got 0",
    "train data.batch_size=abc": "must be a valid integer, got 'abc'",
    "train trainer.max_epochs=0": "greater than or equal to 1, got 0",
    "train trainer.limit_train_batches=0": "train on nothing",
    "train trainer.precision=fp16": "trainer.precision must be",
    "train seed=abc": "seed must be a valid integer",
    "train seed=1,2": "seed=1,2 has several values",
    "train verbosity=loud": "verbosity must be",
    "train 'name=a/../../b'": "name",
    "train hydra.run.dir=x": "has no effect",
    "train trainer.rank_timeout_s=0": "trainer.rank_timeout_s must be greater than 0, got 0",
    # data
    "train data=text_csv": "data.path must be set; seqlab config data=text_csv explains it",
    "train data=text_csv data.path=nowhere.csv": "nowhere.csv does not exist",
    "train data=text_csv data.path=empty.csv": "the file is empty",
    "train data=text_csv data.path=head.csv": "no row below the header",
    "train data=text_csv data.path=folder": "put one file per class there",
    "train data=text_csv data.path=picture.png": "not UTF-8",
    "train data=text_csv data.path=latin.csv data.encoding=utf-8": "not UTF-8: byte 0xe9",
    "train data=text_csv data.path=cut.zip": "zip archive that is damaged",
    f"{TEXTS} data.text=txt data.label=label": "no column 'txt'; did you mean 'text'?",
    f"{TEXTS} data.text=text data.label=lable": "no column 'lable'; did you mean 'label'?",
    f"{TEXTS} task=forecasting": "task=forecasting does not suit data=text_csv",
    "train data=text_csv data.path=one.csv data.text=text data.label=label": "all texts have the class 'a'",
    "train data=series_csv data.path=series.csv data.targets=[q]": "no column 'q'; there are: time, v",
    f"{SERIES} data.time=when": "no column 'when'; there are: time, v",
    "train data=series_csv data.path=letters.csv data.targets=[v]": "line 3: column 'v' is 'x'",
    "train data=text_file data.path=prose.txt task=classification": "use task=language_model",
    "train data.source=real": "no real",
    "inspect nowhere.csv": "nowhere.csv does not exist",
    "inspect picture.png": "picture.png is neither a text nor a table",
    # sweeps, devices, modules, resuming
    "train -m model=gru,lsmt": "did you mean 'lstm'",
    "train sweep=cells": "needs -m",
    "train -m sweep=nope": "unknown sweep",
    "train -m resume=RUN seed=1,2": "resumes one run; to resume a sweep: seqlab sweep resume",
    "sweep resume nowhere": "not the folder of a sweep",
    "train trainer.accelerator=cuda": "this machine has no cuda",
    "train trainer.accelerator=gpuu": "trainer.accelerator must be",
    "train trainer.devices=0": "trainer.devices must be greater than or equal to 1",
    "train imports=[nope]": "imports=nope: there is no such module",
    "train imports=[broken]": "No module named 'nothing_of_that_name' (",
    "train resume=nowhere": "not a run folder",
    "train resume=RUN model.hidden_size=9": "cannot become 9",
    "train init_from=nowhere": "nowhere is not a run folder",
    # what is done with a run
    "predict nowhere Satoshi": "nowhere is not a run folder",
    "predict out Satoshi": "out is not a run folder",
    "predict texts.csv Satoshi": "texts.csv is not a run folder",
    "predict cut.onnx Satoshi": "is not ONNX, or is cut off",
    "predict cut.safetensors Satoshi": "is not safetensors, or is cut off",
    "predict RUN": "give a text, or --file",
    "predict RUN --file nowhere.txt": "give a readable file",
    "predict RUN --file folder": "Is a directory",
    "predict RUN --file picture.png": "not UTF-8",
    "predict RUN --top 0 Satoshi": "--top must be 1 or more, got 0",
    "predict RUN --checkpoint first Satoshi": "choose from 'best', 'last'",
    "explain RUN ''": "give a text",
    "export RUN": "required: --to",
    "export RUN --to pdf": "invalid choice: 'pdf'",
    "export RUN --to onnx --out folder": "must end in .onnx",
    "report nowhere": "no run found below nowhere",
    "report out --html texts.csv": "seqlab did not write it",
    "generate RUN": "knows no next token; train a language model",
    "score RUN prose.txt": "knows no next token; train a language model",
    "eval RUN --root nowhere": "data.root=nowhere does not exist",
    "config nope": "there is no group 'nope'",
    "config model=nope": "there is no such model",
}


@pytest.mark.product(5)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_two_lines(command, request, tmp_path, monkeypatch, mistake):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 0)
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    needs_run = "RUN" in mistake or " out " in mistake
    run = request.getfixturevalue("trained")(*QUICK) if needs_run else tmp_path
    before = {*tmp_path.rglob("run.json")}
    words = shlex.split(mistake.replace("RUN", str(run)))
    quiet = ["verbosity=quiet"] if words[0] == "train" and "verbosity" not in mistake else []
    code, _, complaint = command(*words, *quiet)
    lines = [line for line in complaint.splitlines() if not line.startswith("warning: ")]
    assert code == 2, complaint
    assert 1 <= len(lines) <= 2, complaint
    assert all(line.startswith("seqlab: ") for line in lines)
    assert MISTAKES[mistake] in complaint
    assert {*tmp_path.rglob("run.json")} == before
