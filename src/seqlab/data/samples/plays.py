"""Made-up data: pages of plays from a small grammar, in the layout of tiny_shakespeare. Nobody wrote them."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

_SEED = 1564
_SPEECHES = 1200
_NAMES = ("First Watchman", "Second Watchman", "AMBROSE", "BIANCA", "CORDELL", "DUCHESS", "ELINOR", "GARETH")
_OPENINGS = ("", "", "", "Nay, ", "Good {title}, ", "Alas, ", "Come, ", "Hark! ", "O, ", "By my troth, ")
_TITLES = ("sir", "madam", "my lord", "cousin", "friend")
_WHO = ("I", "thou", "the king", "my brother", "yon stranger", "the night", "our captain", "her father")
_DO = {
    "I": ("fear", "love", "shall follow", "have seen", "will forget", "must leave"),
    "thou": ("fear'st", "lov'st", "shalt follow", "hast seen", "wilt forget", "must leave"),
}
_DOES = ("fears", "loves", "shall follow", "hath seen", "will forget", "must leave")
_WHAT = (
    "the crown",
    "thy gentle heart",
    "this cold city",
    "no man's sword",
    "the morning star",
    "a broken vow",
)
_ENDS = (
    " before the day is done",
    " for all the gold in Rome",
    ", and so farewell",
    " as winter doth the spring",
)
_MARKS = (".", ".", ".", "!", "?", ";", ",", ":")


def write_plays(path: Path) -> None:
    """Write 1,200 made-up speeches to ``path``, the same bytes at every call.

    Args:
        path: the text file, overwritten if it is there.
    """
    random = Random(_SEED)  # noqa: S311 (no secret depends on it)
    path.write_text("\n".join(_speeches(random)), encoding="utf-8", newline="\n")


def _speeches(random: Random) -> Iterator[str]:
    before = ""
    for _ in range(_SPEECHES):
        before = name = random.choice([one for one in _NAMES if one != before])
        lines = [_line(random) for _ in range(random.choices(range(1, 7), (30, 25, 18, 12, 9, 6))[0])]
        said = lines[-1].rstrip(";,:")
        lines[-1] = said if said.endswith((".", "!", "?")) else f"{said}."
        yield f"{name}:\n" + "\n".join(lines) + "\n"


def _line(random: Random) -> str:
    who = random.choice(_WHO)
    opening = random.choice(_OPENINGS).format(title=random.choice(_TITLES))
    end = random.choice(_ENDS) if random.random() < 0.5 else ""  # noqa: PLR2004 (every second line)
    does = random.choice(_DO.get(who, _DOES))
    said = f"{opening}{who} {does} {random.choice(_WHAT)}{end}{random.choice(_MARKS)}"
    return said[0].upper() + said[1:]
