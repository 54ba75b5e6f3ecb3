"""What is said goes to stderr and to the run's own file."""

import logging
import warnings

import pytest

from seqlab.io import console_log


def test_what_was_said_before_the_file_was_open_is_in_it(tmp_path, capsys):
    console_log.configure("normal")
    logging.getLogger("seqlab.data").warning("early")
    with console_log.run_log(tmp_path / "run.log"):
        logging.getLogger("seqlab.training.fit").info("during")
    logging.getLogger("seqlab").info("after")
    said = (tmp_path / "run.log").read_text()
    assert "WARNING early" in said
    assert "INFO during" in said
    assert "after" not in said
    assert capsys.readouterr().err == "warning: early\nduring\nafter\n"


def test_two_runs_of_one_process_keep_apart(tmp_path):
    for number in (1, 2):
        console_log.configure("quiet")
        logging.getLogger("seqlab").warning("early of %d", number)
        with console_log.run_log(tmp_path / f"{number}.log"):
            logging.getLogger("seqlab").info("during %d", number)
    console_log.configure("quiet")
    logging.getLogger("seqlab").warning("a command that is no run")
    console_log._early.flush()
    for number, other in ((1, 2), (2, 1)):
        said = (tmp_path / f"{number}.log").read_text()
        assert f"early of {number}" in said
        assert f"during {number}" in said
        assert f"of {other}" not in said
        assert "no run" not in said


def test_a_failure_leaves_its_trace_in_the_file_alone(tmp_path, capsys):
    console_log.configure("normal")
    with pytest.raises(ValueError, match="bad"), console_log.run_log(tmp_path / "run.log"):
        raise ValueError("bad")
    assert "Traceback" in (tmp_path / "run.log").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_warnings_are_said_in_one_line_without_the_code_that_warned(tmp_path, capsys):
    console_log.configure("quiet")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: mind the gap\n"
