"""Texts of figures: drawn literally, in any script that an installed font has."""

import logging
from functools import cache

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font

from seqlab.io.terminal import in_a_line

log = logging.getLogger(__name__)

WIDE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Arial Unicode MS",
)
"""Fonts with many scripts; Linux, Windows and macOS each come with some of them."""


PACKAGE = "fonts-noto-cjk"
"""The package of Debian and Ubuntu with one of them."""


def write_title(place: Axes | Figure, title: str) -> None:
    """Write the title of a panel or of a whole figure."""
    write = place.suptitle if isinstance(place, Figure) else place.set_title
    write(drawable(title, "this run"), family=families())


@cache
def families() -> tuple[str, ...]:
    """Return matplotlib's default font and those of ``WIDE`` that are installed."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in WIDE if name in installed))


@cache
def drawable(text: str, instead: str) -> str:
    """Return what makes matplotlib draw ``text`` literally, in one line.

    If a character has no glyph here, ``instead`` is returned, and a warning says so once.
    """
    text = in_a_line(text)
    if _without_glyph(text):
        _find_new_fonts()
    if missing := _without_glyph(text):
        log.warning(
            "figures show '%s' as '%s': no installed font has '%s'; install one (Debian, Ubuntu: %s)",
            *(text, instead, missing[0], PACKAGE),
        )
        text = instead
    return text.replace("$", r"\$")  # a pair would be a formula


def _without_glyph(text: str) -> str:
    fonts = [get_font(findfont(FontProperties(family=name))) for name in families()]
    return "".join(
        character for character in text if not any(font.get_char_index(ord(character)) for font in fonts)
    )


@cache
def _find_new_fonts() -> None:
    """Add the fonts installed after matplotlib wrote its list of them."""
    known = {font.fname for font in fontManager.ttflist}
    for file in set(findSystemFonts()) - known:
        try:
            fontManager.addfont(file)
        except (OSError, RuntimeError):  # a file that is no font, or of a kind that matplotlib cannot read
            log.debug("%s is not read as a font", file)
    families.cache_clear()
