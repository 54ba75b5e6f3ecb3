"""Fonts for texts in any script."""

import logging
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

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


@cache
def families() -> tuple[str, ...]:
    """Return matplotlib's default font and those of ``WIDE`` that are installed."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in WIDE if name in installed))


@cache
def drawable(text: str, instead: str) -> str:
    """Return ``text``; if a character has no glyph here, return ``instead`` and warn once."""
    fonts = [get_font(findfont(FontProperties(family=name))) for name in families()]
    if all(any(font.get_char_index(ord(character)) for font in fonts) for character in text):
        return text
    log.warning("figures show '%s' as '%s': no installed font has its characters", text, instead)
    return instead
