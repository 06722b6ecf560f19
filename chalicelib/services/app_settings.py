"""What the application must know before and after sign-in: advertising, the least version, the cloud's switches."""

from datetime import datetime
from typing import Final, Literal

from chalicelib.domain.call import Answer
from chalicelib.domain.clock import today
from chalicelib.domain.consent import Consent, granted
from chalicelib.policy.model import Language
from chalicelib.services import consent
from chalicelib.services.present import Body
from chalicelib.settings import Ads, Settings
from chalicelib.store.read import Reader

AdsMode = Literal["off", "non_personalised", "personalised"]
CHILD: Final = "child"
"""AdMob's tag for age treatment (TFAT). Before sign-in nobody has said that they are 13 or older."""
UNSPECIFIED: Final = "unspecified"


def ads_mode(configured: Ads, own: Consent | None) -> AdsMode:
    """How advertising may be shown: personalised only where it is configured so and this member agreed."""
    if configured == "consented":
        return "personalised" if granted(own, "ads_personalised") else "non_personalised"
    return configured


def show(settings: Settings, reader: Reader | None, member: str | None, at: datetime, language: Language) -> Answer:
    """The settings for a member, or for anybody."""
    known = reader is not None and member is not None
    own = consent.of_member(reader, member) if reader is not None and member is not None else None
    head = reader.head if reader else None
    body: Body = {
        "object": "app_settings",
        "ads": {
            "mode": ads_mode(settings.ads, own),
            "consent_needed": settings.ads == "consented",
            "age_treatment": UNSPECIFIED if known else CHILD,
        },
        "minimum_version": settings.minimum_app,
        "cloud": {"sync": bool(head and head.cloud_sync), "backup": bool(head and head.cloud_backup)},
        "diagnostics": {"enabled": granted(own, "diagnostics")},
        "policy": consent.present_policy(own, today(at), language),
        "member": member if known else None,
    }
    return Answer(body)
