"""The page, clicked through in a browser that has no network."""

import json
import math
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

pytest.importorskip("plotly")

from seqlab.comparison.groups import compare
from seqlab.comparison.page import write_page
from seqlab.comparison.runs import read_runs

HOSTILE = "</script><script>document.title='hacked'</script><img src=x onerror=document.title='hacked'>"
ODD = "</script><b>cell"
SHOWN = "document.querySelector('section:not([hidden]) .panel:not([hidden])')"
TITLE = f"({SHOWN}.querySelector('.gtitle')?.textContent ?? '')"
TRACES = f"{SHOWN}.querySelector('.plot').data"


def tab(name):
    return f'section:not([hidden]) [role=tab][data-tab="{name}"]'


def box(name):
    return f'section:not([hidden]) .panel:not([hidden]) select[name="{name}"]'


@pytest.fixture(scope="module")
def page(tmp_path_factory, leave):
    """Return a page on two benchmarks, with hostile names, a failed and a broken run, a journal cut off."""
    root = tmp_path_factory.mktemp("page")
    for cell in ("gru", "rnn"):
        for seed in range(2):
            leave.classification(root, cell, seed=seed, model={"cell": cell}, classes=("猫", "狗", HOSTILE))
    leave.classification(root, "failed", status="failed", seed=7, error=HOSTILE)
    (leave.classification(root, "broken") / "run.json").write_text('{"status')
    odd = leave.classification(root, "odd", seed=8, model={"cell": ODD})
    record, journal = odd / "run.json", odd / "metrics.jsonl"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"name": ODD}))
    journal.write_text(journal.read_text()[:-5])
    for seed in range(2):
        leave.forecast(root, "jena", seed=seed)
    write_page(*compare(read_runs(root)), root / "page.html", HOSTILE)
    return root / "page.html"


def test_tabs_and_boxes_change_what_is_shown(page, browser):
    browser.open(page.as_uri())
    names = browser.evaluate("[...document.querySelectorAll('#benchmark option')].map(o => o.textContent)")
    assert names == ["names (real)", "jena (SAMPLE): T (degC), p (mbar)"]
    browser.choose("#benchmark", "1")
    assert "SAMPLE DATA" in browser.evaluate("document.querySelector('section:not([hidden]) h2').textContent")
    assert "jena: 2 runs" in browser.evaluate(f"{SHOWN}.textContent")

    browser.click(tab("forecasts"))
    browser.wait(f"{TITLE} === 'jena — SAMPLE DATA: test forecasts of T (degC) by jena'")
    assert browser.evaluate(f"{TRACES}.length") == 18
    browser.choose(box("target"), "p (mbar)")
    browser.wait(f"{TITLE} === 'jena — SAMPLE DATA: test forecasts of p (mbar) by jena'")
    browser.click(tab("horizon"))
    browser.choose(box("error"), "root mean squared error")
    browser.wait(f"{TITLE} === 'jena — SAMPLE DATA: root mean squared error of T (degC)'")

    browser.choose("#benchmark", "0")
    browser.wait(f"{SHOWN}.dataset.tab === 'table'")  # this benchmark has no horizon
    assert "SAMPLE" not in browser.evaluate("document.querySelector('section:not([hidden])').innerText")
    assert browser.evaluate(f"{SHOWN}.querySelectorAll('table').length") == 3
    browser.click(tab("curves"))
    browser.wait(f"{TITLE} === 'names: accuracy by epoch'")
    means = browser.evaluate(f"{TRACES}.length")
    browser.choose(box("lines"), "every run")
    browser.wait(f"{TRACES}.length !== {means}")
    browser.choose(box("score"), "loss")
    browser.wait(f"{TITLE} === 'names: loss by epoch'")
    assert browser.evaluate(f"document.querySelector('{box('lines')}').value") == "every run"
    browser.click(tab("comparison"))
    browser.wait(f"{TITLE} === 'names: test scores'")
    browser.click(tab("confusion"))
    groups = browser.evaluate(f"[...document.querySelectorAll('{box('group')} option')].map(o => o.value)")
    assert sorted(groups) == [ODD, "gru", "rnn"]
    for group in groups:
        browser.choose(box("group"), group)
        browser.wait(f"{TITLE}.startsWith('names: test predictions of {group}')")
    assert browser.complaints == []


def test_the_address_names_what_is_shown(page, browser):
    browser.open(f"{page.as_uri()}#0/confusion/rnn")
    browser.wait(f"{TITLE}.startsWith('names: test predictions of rnn')")
    browser.choose(box("group"), "gru")
    browser.wait("location.hash === '#0/confusion/gru'")
    browser.evaluate("location.hash = '#1/curves/loss/mean over seeds'")
    browser.wait("document.querySelector('section:not([hidden]) h2').textContent.startsWith('jena')")
    assert browser.evaluate(TITLE) == "jena — SAMPLE DATA: loss by epoch"
    browser.evaluate("location.hash = '#9/nothing/at/all'")
    browser.wait(f"{SHOWN}.dataset.tab === 'table'")
    browser.open("about:blank")
    browser.open(f"{page.as_uri()}#0/curves/bad%zz/every%20run")
    assert browser.evaluate(TITLE) == "names: accuracy by epoch"
    assert browser.evaluate("location.hash") == "#0/curves/accuracy/every%20run"
    assert browser.complaints == []


def test_names_are_text_whatever_is_in_them_and_nothing_is_fetched(page, browser):
    browser.open(f"{page.as_uri()}#0/confusion/rnn")
    browser.wait(f"{TITLE}.startsWith('names: test predictions of rnn')")
    assert browser.evaluate("document.title") == f"seqlab report: {HOSTILE}"
    assert HOSTILE in browser.evaluate("document.querySelector('h1').textContent")
    ticks = browser.evaluate(f"[...{SHOWN}.querySelectorAll('.ytick text')].map(t => t.textContent)")
    assert [tick.rpartition(" (")[0] for tick in ticks] == ["猫", "狗", f"{HOSTILE[:24]}…"]
    assert all(re.match("file:|data:", address) for address in browser.requests)


def test_what_is_not_done_or_not_readable_is_listed(page, browser):
    browser.open(f"{page.as_uri()}#0/table")
    assert HOSTILE in browser.evaluate(f"{SHOWN}.textContent")
    assert "run.json is not JSON" in browser.evaluate("document.querySelector('#others').textContent")
    problems = browser.evaluate("document.querySelector('#problems').textContent")
    assert "metrics.jsonl, line 9 is damaged or cut off" in problems


def test_plotly_is_in_the_page_once_and_nothing_else_is_loaded(page):
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    loaded = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?([^\"'>]+)", text.replace(HOSTILE, ""))
    assert loaded == ["data:,"]


def column(place, table=0):
    rows = f"[...{SHOWN}.querySelectorAll('table')[{table}].tBodies[0].rows].filter(r => !r.hidden)"
    return f"{rows}.map(r => r.cells[{place}].textContent.trim())"


def test_tables_are_sorted_by_a_column_and_filtered_by_words_and_group(page, browser):
    browser.open(f"{page.as_uri()}#0/table")
    head = f"{SHOWN}.querySelector('th:nth-child(3)')"
    before = browser.evaluate(column(2))
    numbers = [float(text.split()[0]) for text in before]
    browser.click("section:not([hidden]) .panel:not([hidden]) th:nth-child(3) button")
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "descending"
    assert browser.evaluate(column(2)) == [before[i] for i in np.argsort(-np.array(numbers), kind="stable")]
    browser.click("section:not([hidden]) .panel:not([hidden]) th:nth-child(3) button")
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "ascending"
    assert browser.evaluate(column(2)) == [before[i] for i in np.argsort(numbers, kind="stable")]
    browser.click(tab("details"))
    groups = f"{SHOWN}.querySelector('.filters select')"
    browser.evaluate(f"{groups}.value = 'gru'; {groups}.dispatchEvent(new Event('change'))")
    assert set(browser.evaluate(column(0, table=1))) == {"gru"}
    words = f"{SHOWN}.querySelector('.filters input')"
    browser.evaluate(f"{words}.value = '猫'; {words}.dispatchEvent(new Event('input'))")
    assert browser.evaluate(column(1, table=1)) == ["猫"]
    assert browser.complaints == []


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ([0.25, 1e-05, 0.5, 0.025, 1.0], (["1e-05", "0.025", "0.25", "0.5", "1.0"], [])),
        ([0.9, None, 0.25, 10, "a"], (["0.25", "0.9", "10"], ["a", "None"])),
    ],
)
def test_settings_are_sorted_as_numbers_and_words_behind_them(tmp_path, classify, browser, values, order):
    for number, value in enumerate(values):
        accuracy = math.nan if number == 2 else 0.5 + number / 10
        classify(f"run{number}", optimizer={"name": "sgd", "lr": value}, accuracy=accuracy)
    write_page(*compare(read_runs(tmp_path / "out")), tmp_path / "page.html", "out")
    browser.open((tmp_path / "page.html").as_uri())
    found = []
    for place in (3, 3, 4, 4):  # lr, accuracy
        browser.evaluate(f"{SHOWN}.querySelector('th:nth-child({place}) button').click()")
        found.append(browser.evaluate(f"{column(place - 1)}.filter(Boolean)"))
    numbers, words = order
    assert sorted(found[:2]) == sorted([numbers + words, numbers[::-1] + words[::-1]])
    accuracies = ["0.4000", "0.5000", "0.6000", "0.8000", "0.9000"]
    assert found[2:] == [[*accuracies[::-1], "nan"], [*accuracies, "nan"]]


def test_a_group_is_found_on_both_sides_of_the_pairs(tmp_path, classify, browser):
    folders = [classify(cell, model={"cell": cell}, accuracy=0.5 - ord(cell) / 1000) for cell in "abcd"]
    for folder in folders[1:]:
        shutil.copy(folders[0] / "predictions.csv", folder)
    write_page(*compare(read_runs(tmp_path / "out")), tmp_path / "page.html", "out")
    browser.open(f"{(tmp_path / 'page.html').as_uri()}#0/details")
    box = f"{SHOWN}.querySelector('select')"
    assert browser.evaluate(f"[...{box}.options].map(one => one.value)") == ["", *"abcd"]
    for name, pairs in (("a", ["ab", "ac", "ad"]), ("b", ["ab", "bc", "bd"]), ("d", ["ad", "bd", "cd"])):
        browser.evaluate(f"{box}.value = '{name}'; {box}.dispatchEvent(new Event('change'))")
        firsts, seconds = browser.evaluate(column(0)), browser.evaluate(column(1))
        assert ["".join(pair) for pair in zip(firsts, seconds, strict=True)] == pairs


def test_folders_are_links_to_the_runs(page, browser):
    browser.open(f"{page.as_uri()}#0/table")
    links = browser.evaluate("[...document.querySelectorAll('section a')].map(a => a.href)")
    assert links
    for link in links:
        assert list(Path(unquote(link.removeprefix("file://"))).rglob("run.json"))


def test_a_group_has_a_link_if_its_runs_lie_in_one_folder_and_to_no_other(tmp_path, classify, browser):
    for name, cell in (("a/x", "gru"), ("a/y", "gru"), ("b/x", "rnn"), ("b/y", "rnn")):
        classify(name, seed=ord(name[-1]), model={"cell": cell})
    for seed in range(2):
        classify("one", seed=seed)
    write_page(*compare(read_runs(tmp_path / "out")), tmp_path / "page.html", "out")
    browser.open((tmp_path / "page.html").as_uri())
    links = browser.evaluate("[...document.querySelectorAll('section a')].map(a => [a.textContent, a.href])")
    assert dict(links).pop("one: 2 runs") == (tmp_path / "out/one").as_uri()
    assert "2 runs" not in dict(links)
    alone = {text: link for text, link in links if text != "one: 2 runs"}
    assert alone == {text: (tmp_path / "out" / text).as_uri() for text in alone}
    assert len(alone) == 6  # every run


def test_the_arrow_keys_change_the_tab(page, browser):
    browser.open(f"{page.as_uri()}#0/table")
    browser.evaluate(f"document.querySelector('{tab('table')}').focus()")
    for key, shown in (("ArrowRight", "details"), ("ArrowLeft", "table"), ("ArrowLeft", "curves")):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        if shown != "curves":
            browser.wait(f"{SHOWN}.dataset.tab === '{shown}'")
    assert browser.evaluate("document.activeElement.getAttribute('role')") == "tab"
    assert (
        browser.evaluate(
            "document.querySelectorAll('section:not([hidden]) [tabindex=\"0\"][role=tab]').length"
        )
        == 1
    )


def test_a_dark_ground_has_light_ink_also_in_figures(page, browser):
    browser.open(f"{page.as_uri()}#0/curves")
    for scheme, ground in (("dark", "rgb(20, 24, 29)"), ("light", "rgb(255, 255, 255)")):
        browser.scheme(scheme)
        browser.wait(f"getComputedStyle({SHOWN}.querySelector('.bg')).fill === '{ground}'")
        assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == ground


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_barrier_in_any_tab(page, browser, axe, scheme, width):
    browser.scheme(scheme)
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
    )
    tabs = "[...document.querySelectorAll('section:not([hidden]) [role=tab]')].map((one) => one.dataset.tab)"
    for benchmark in (0, 1):
        browser.open(f"{page.as_uri()}#{benchmark}/table")
        names = browser.evaluate(tabs)
        assert len(names) > 3
        for name in names:
            browser.click(tab(name))
            browser.wait(f"{SHOWN}.dataset.tab === '{name}'")
            assert browser.barriers(axe) == [], (benchmark, name)
    browser.scheme("")
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_a_phone_scrolls_figures_and_tables_and_not_the_page(page, browser):
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True
    )
    for name in ("table", "details", "curves", "confusion"):
        browser.open(f"{page.as_uri()}#0/{name}")
        assert browser.evaluate("document.documentElement.scrollWidth") == 390
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("width", [1280, 375])
def test_a_long_name_without_a_break_stays_in_its_column_and_the_page(tmp_path, classify, browser, width):
    for cell in ("gru", "rnn"):
        data = {"name": "names" * 40, "source": "real"}
        classify(cell * 60, model={"cell": cell}, data=data, network="SequenceModel()")
    write_page(*compare(read_runs(tmp_path / "out")), tmp_path / "page.html", "out")
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    for tab_of in ("table", "details", "networks"):
        browser.open(f"{(tmp_path / 'page.html').as_uri()}#0/{tab_of}")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, tab_of
        cells = "[...document.querySelectorAll('tbody td')]"
        assert not browser.evaluate(f"{cells}.filter(one => one.scrollWidth > one.clientWidth).length")
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_on_paper_everything_is_shown_and_then_the_tab_again(page, browser):
    browser.open(f"{page.as_uri()}#0/table")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate("document.querySelectorAll('.panel[hidden], section[hidden]').length") == 0
    figures = browser.evaluate("document.querySelectorAll('.printed .main-svg').length > 10")
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert figures
    assert (
        browser.evaluate("document.querySelectorAll('section:not([hidden]) .panel:not([hidden])').length")
        == 1
    )
    assert browser.evaluate("document.querySelectorAll('.printed').length") == 0
    assert browser.complaints == []


def test_a_report_of_failed_runs_alone_is_a_page_too(tmp_path, classify, browser):
    (classify("broken") / "run.json").write_text('{"status": "failed"}')
    write_page(*compare(read_runs(tmp_path)), tmp_path / "page.html", "out")
    browser.open((tmp_path / "page.html").as_uri())
    assert browser.evaluate("document.querySelector('#others').open")
    assert browser.complaints == []
