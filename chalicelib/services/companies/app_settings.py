"""Settings of the application, before and after sign-in: advertising, minimum version, cloud switches."""

from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.domain.privacy.consent import Consent, granted
from chalicelib.services.companies import consent
from chalicelib.settings import Ads, Settings
from chalicelib.store.read import Reader

AdsMode = Literal["off", "non_personalised", "personalised"]
CHILD: Final = "child"
"""AdMob's tag for age treatment (TFAT). Before sign-in, nobody has stated an age of 13 or older."""
UNSPECIFIED: Final = "unspecified"


def ads_mode(configured: Ads, own: Consent | None) -> AdsMode:
    """The advertising mode: personalised only if it is configured and this member agreed."""
    if configured == "consented":
        return "personalised" if granted(own, "ads_personalised") else "non_personalised"
    return configured


@dataclass(frozen=True)
class AppSettings:
    """The settings of a member, or of a person who is not signed in (`member` is None)."""

    ads: AdsMode
    consent_needed: bool
    age_treatment: str
    minimum_app: str
    sync: bool
    backup: bool
    diagnostics: bool
    consent: Consent | None
    member: str | None


def of_member(settings: Settings, reader: Reader | None, member: str | None) -> AppSettings:
    """The settings for a member, or for a person who is not signed in."""
    known = member if reader is not None else None
    own = consent.of_member(reader, member) if reader is not None and member is not None else None
    return AppSettings(
        ads=ads_mode(settings.ads, own),
        consent_needed=settings.ads == "consented",
        age_treatment=UNSPECIFIED if known else CHILD,
        minimum_app=settings.minimum_app,
        sync=bool(reader and reader.head.cloud_sync),
        backup=bool(reader and reader.head.cloud_backup),
        diagnostics=granted(own, "diagnostics"),
        consent=own,
        member=known,
    )
