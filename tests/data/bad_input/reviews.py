"""A CSV of reviews, of the shop's or of one's own: what is answered when something is wrong with it."""

import re
from collections.abc import Mapping

from .cases import OWN, SHOP, Table, error, fine, texts, warning, with_lines

CLASSES = ("书籍", "手机")
HEADER = "cat,label,review"
REVIEWS = [
    f"{cat},{number % 2},这是第{number}条{cat}的评论"
    for number in range(20)
    for cat in [CLASSES[number // 10]]
]


def reviews(changed: Mapping[int, str] | None = None, header: str = HEADER) -> str:
    """Return a CSV of twenty reviews, ten of each class, in lines 2 to 21; some lines may be others."""
    return with_lines([header, *REVIEWS], changed or {})


def replaced(pattern: str, by: str) -> str:
    return "".join(f"{line}\n" for line in [HEADER, *(re.sub(pattern, by, row) for row in REVIEWS)])


BOM = b"\xef\xbb\xbf"
IN_GB18030 = reviews().encode("gb18030")
WITH_SEMICOLONS = reviews().replace(",", ";")
SENTIMENT = {"target": "sentiment"}
AT_RANDOM = {"split": "random_lines"}
RARELY_TRAINED = {**AT_RANDOM, "val_share": 0.0, "test_share": 0.9, "split_seed": 1}

REVIEWS_CASES: Table = {
    "BOM (utf-8-sig)": [
        fine("", BOM + reviews().encode(), 20),
        fine("in quotes", BOM + reviews(header='"cat",label,review').encode(), 20),
    ],
    "GB18030": [
        error("", IN_GB18030, "line 2: | byte 0xca | convert"),
        error("remedy", IN_GB18030, "convert | data.encoding | gb18030", OWN),
        fine("as it is", IN_GB18030, 20, OWN, settings={"encoding": "gb18030"},
             check=lambda d: d.spec.classes == tuple(sorted(CLASSES))),
    ],
    "unclosed quote": [
        error("closed by a later row's", reviews({5: '书籍,1,"好书', 7: '书籍,1,"很好"'}),
              "line 5: | quote | begins here"),
        error("to the end", reviews({5: '书籍,1,"好书'}), "line 5: | not closed | begins here"),
        error("in the header", reviews(header='cat,label,"review'), "line 1: | not closed"),
    ],
    "extra column": [
        error("", reviews({5: "书籍,1,好,书"}), "line 5: | 4 cells | 3 columns | quote cells"),
        error("empty", reviews({5: "书籍,1,好书,"}), "line 5: | 4 cells | 3 columns"),
        error("in every row", replaced("$", ",x"), "line 2: | 4 cells | 3 columns"),
    ],
    "short row": [
        error("", reviews({5: "书籍,1"}), "line 5: | 2 cells | 3 columns | cut off"),
        error("the last", reviews({21: "书籍"}), "line 21: | 1 cells | 3 columns | cut off"),
    ],
    "; delimiter": [
        error("", WITH_SEMICOLONS, "line 1: | column 'review' | semicolon"),
        error("remedy", WITH_SEMICOLONS, "line 1: | data.separator=semicolon", OWN),
        fine("as it is", WITH_SEMICOLONS, 20, OWN, settings={"separator": "semicolon"}),
    ],
    "no header": [
        error("", "".join(f"{row}\n" for row in REVIEWS),
              "line 1: | column 'review' | 这是第0条书籍的评论 | first line must name the columns"),
        error("and a long review", f"书籍,1,{'好' * 5000}\n", "line 1: | 'review'"),
    ],
    "header only": [
        error("", f"{HEADER}\n", "line 1: | no row | add data"),
        error("and blank lines", f"{HEADER}\n\n\n", "no row | add data"),
    ],
    "label 2 / 正 / blank, 1.0 accepted": [
        error("2", reviews({5: "书籍,2,好"}), "line 5: | column 'label' | '2' | 0, 1", SHOP),
        error("正", reviews({5: "书籍,正,好"}), "line 5: | column 'label' | '正' | 0, 1", SHOP),
        error("-1", reviews({5: "书籍,-1,好"}), "line 5: | column 'label' | '-1' | 0, 1", SHOP),
        error("1.5", reviews({5: "书籍,1.5,好"}), "line 5: | column 'label' | '1.5' | 0, 1", SHOP),
        error("blank", reviews({5: "书籍, ,好"}), "line 5: | column 'label' | blank | fill it in", SHOP),
        error("blank category", reviews({5: ",1,好"}), "line 5: | column 'cat' | blank | fill it in"),
        fine("1.0", reviews({5: "书籍,1.0,好", 6: "书籍,0.0,好的"}), 20, SHOP, settings=SENTIMENT,
             check=lambda d: d.spec.classes == ("0", "1")),
    ],
    "blank review": [
        warning("", reviews({5: "书籍,1,", 6: "书籍,0,  "}), "2 rows without a text", 18),
        warning("mark", reviews({5: "书籍,1,\ufeff"}), "1 texts are empty after cleaning", 19),
        error("all", reviews({n + 2: f"{CLASSES[n % 2]},1, " for n in range(20)}), "no text"),
    ],
    "literal NA/null/nan must stay text": [
        fine("", reviews({5: "书籍,1,NA", 6: "书籍,0,null", 15: "手机,1,nan"}), 20,
             check=lambda d: {"NA", "null", "nan"} <= texts(d)),
        fine("as a class", replaced("书籍", "NA"), 20, check=lambda d: "NA" in d.spec.classes),
    ],
    "NUL": [
        error("", reviews({5: "书籍,1,好\0书"}), "line 5: | NUL | Remove it"),
    ],
    "newline in quotes fine": [
        fine("", reviews({5: '书籍,1,"好\n书"'}), 20, check=lambda d: "好\n书" in texts(d)),
        error("in front of a short row", reviews({5: '书籍,1,"好\n\n书"', 7: "书籍,1"}), "line 9: | 2 cells"),
    ],
    "unknown category at test": [
        error("at random", reviews({5: "酒店,1,好"}),
              "class '酒店' | training | add texts, or remove it", settings=RARELY_TRAINED),
    ],
    "one review in two splits": [
        warning("", replaced("第.*条", ""),
                "8 texts of validation and test also occur in training | 18 texts repeat an earlier one", 20,
                settings=AT_RANDOM),
    ],
    "one class only": [
        error("", "\n".join([HEADER, *REVIEWS[:10]]), "have the class '书籍' | add texts of another"),
        error("sentiment", replaced(",1,", ",0,"), "have the class '0'", SHOP, settings=SENTIMENT),
        error("two rows", "\n".join([HEADER, *REVIEWS[:2]]), "have the class '书籍'"),
    ],
    "cell over 1 MB": [
        error("", reviews({5: f"书籍,1,{'好' * (2**20 + 1)}"}), "line 5: | cell | 1,048,576 | quote"),
        fine("just not", reviews({5: f"书籍,1,{'x' * 2**20}"}), 20),
    ],
    "other bytes than expected": [
        fine("UTF-16", reviews().encode("utf-16"), 20),
        error("UTF-16 cut off", reviews().encode("utf-16")[:-1], "UTF-16 | convert"),
        error("old Mac line ends", reviews().replace("\n", "\r"), "line 1: | line end"),
        fine("Windows line ends", reviews().replace("\n", "\r\n"), 20),
    ],
    "too few texts": [
        error("two rows of two classes", reviews(dict.fromkeys(range(3, 21), "")),
              "'val' has no samples | add data | data.val_share"),
    ],
    "texts that are the classes": [
        error("", reviews(), "'cat' | data.text", OWN, settings={"text": "cat"}),
    ],
}  # fmt: skip
