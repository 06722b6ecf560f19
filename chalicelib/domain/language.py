"""The languages of the product: documents, mails, pages and messages exist in each of them."""

from typing import Final, Literal

Language = Literal["fr", "ar", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "ar", "en")
