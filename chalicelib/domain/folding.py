"""Folding of text for searches, and its words."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Text without case or diacritics, for a search that finds "Société" by "societe" and أحمد by احمد."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def words(text: str) -> list[str]:
    """The folded words of a text, in its order: runs of letters and digits. Everything else separates."""
    return _WORD.findall(fold(text))
