"""The shapes of requests about the company's logo."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.fields import Model

MAX_LOGO_TEXT = 700_000
"""Characters of base64: slightly more than a picture of 512 KB, so that the picture's own limit refuses it."""


class LogoIn(Model):
    """A PNG or JPEG in base64, at most 512 KB and 4,096 pixels a side."""

    logo: Annotated[str, Field(max_length=MAX_LOGO_TEXT, json_schema_extra={"contentEncoding": "base64"})]


class LogoQuery(Model):
    """`sha256` names the logo that an issued document froze. Without it, the present logo is answered."""

    sha256: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            description="The SHA-256 (hex) of a logo, present or earlier.",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ] = None
