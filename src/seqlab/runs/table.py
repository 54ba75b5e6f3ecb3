"""metrics.csv: the lines of metrics.jsonl as one table, with a column per metric."""

import csv
import json
from pathlib import Path
from typing import Any

from seqlab.io.files import replacing


class Table:
    """A CSV file with the lines of metrics.jsonl, in their order.

    It is made from that file, so a resumed run needs no state for it.

    Args:
        path: the CSV file; created by the first ``update``.
        source: a file with one JSON object per line.
    """

    def __init__(self, path: Path, source: Path) -> None:
        self.path, self.source = path, source
        self._columns: list[str] = []
        self._read = 0

    def update(self) -> None:
        """Add the lines written since the last update; rewrite the whole table if they have new metrics.

        Raises:
            OSError: it cannot be written.
        """
        rows = self._rows(self._read)
        new = dict.fromkeys(name for row in rows for name in row if name not in self._columns)
        if new:
            self._columns += new
            self.path.parent.mkdir(exist_ok=True)
            with replacing(self.path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, self._columns)
                writer.writeheader()
                writer.writerows(self._rows(0))
        elif rows:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, self._columns).writerows(rows)
        self._read = self.source.stat().st_size

    def _rows(self, start: int) -> list[dict[str, Any]]:
        with self.source.open("rb") as file:
            file.seek(start)
            return [json.loads(line) for line in file]
