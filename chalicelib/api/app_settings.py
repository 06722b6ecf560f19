"""The settings that the application reads at each start, with or without a sign-in."""

from typing import Literal

from chalicelib.api.answers import Answer
from chalicelib.api.cloud_settings import CloudShown
from chalicelib.api.consents import PolicyShown
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import ResponseModel
from chalicelib.api.presenters.consents import present_policy
from chalicelib.domain.clock import today
from chalicelib.services.companies import app_settings


class AdsShown(ResponseModel):
    """`mode` states how advertising may be shown. `age_treatment` is AdMob's tag: `child` for an unknown user, because
    only members have declared that they are 13 or older. `consent_needed`: personalised advertising needs the member's
    consent."""

    mode: Literal["off", "non_personalised", "personalised"]
    consent_needed: bool
    age_treatment: Literal["child", "unspecified"]


class SwitchShown(ResponseModel):
    """Whether the application may send this kind of data."""

    enabled: bool


class AppSettingsShown(ResponseModel):
    """The application's settings. The token identifies `member`, which is null without one. Without a member, the
    strictest settings apply."""

    object: Literal["app_settings"]
    ads: AdsShown
    minimum_version: str
    cloud: CloudShown
    diagnostics: SwitchShown
    policy: PolicyShown
    member: str | None


def _show(context: RequestContext) -> Answer:
    member = context.actor.id if context.reader else None
    found = app_settings.of_member(context.world.settings, context.reader, member)
    return Answer(
        {
            "object": "app_settings",
            "ads": {
                "mode": found.ads,
                "consent_needed": found.consent_needed,
                "age_treatment": found.age_treatment,
            },
            "minimum_version": found.minimum_app,
            "cloud": {"sync": found.sync, "backup": found.backup},
            "diagnostics": {"enabled": found.diagnostics},
            "policy": present_policy(found.consent, today(context.at), context.language),
            "member": found.member,
        }
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/app-settings",
        scope=PUBLIC,
        recognises=True,
        handler=_show,
        response_model=AppSettingsShown,
        summary="Advertising, the minimum version, the cloud switches; with a token, the member's own choices",
        tag="Service",
    ),
)
