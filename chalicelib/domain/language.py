"""The languages of the product: documents, mails, pages and messages exist in each of them."""

from typing import Final, Literal

Language = Literal["fr", "ar", "en"]
DEFAULT: Final[Language] = "fr"
"""The language of a company that states none."""
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "ar", "en")
