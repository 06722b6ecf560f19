"""The HTTP gateway: its error responses, its limits, its log, and the firewall in front of it."""

import json
from typing import Any

from chalicelib.api.problems import MEDIA, gateway_problem
from chalicelib.api.routing import cors
from infra.keys import TRACE_KEY
from infra.stages import Stage, arn, document, sub
from infra.tables import KEPT

API, HANDLER = "RestAPI", "APIHandler"
"""Chalice's logical names of the gateway and of the function behind it."""
ACCESS_LOG, WRITER, ACCOUNT = "GatewayLogs", "GatewayLogRole", "GatewayAccount"
FIREWALL = "Firewall"
PUSHES = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
TLS = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
"""TLS 1.2 with forward secrecy at the least. The default of a regional gateway still accepts TLS 1.0."""
_STAGE = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages/${RestAPI.Stage}"
_CALLS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/api/*"
"""The gateway answers only through the stage that the firewall protects."""
RESPONSES = {
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 500,
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "EXPIRED_TOKEN": 401,
    "INTEGRATION_FAILURE": 503,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 401,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
"""Every error response that the gateway makes itself, with its status. It calls an unknown path a missing token."""
LOGGED = {
    "request_id": "$context.requestId",
    "at": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.error.responseType",
    "firewall": "$context.wafResponseCode",
}
"""The fields of the access log. They hold no address, no token and no id of a path."""
INSPECTED = {
    "SizeRestrictions_BODY": "a body may have 1 MB: the pipeline measures it",
    "CrossSiteScripting_BODY": "merchants send HTML templates, and no answer returns them as HTML",
    "GenericLFI_BODY": "an invoice's text may hold paths; no code opens a file by a name from a request",
    "GenericRFI_BODY": "an invoice's text may hold addresses; no code fetches one",
    "EC2MetaDataSSRF_BODY": "as above",
    "NoUserAgent_HEADER": "accounting programs often send none",
}
"""Rules of the managed rule set that count requests and do not block them, each with its reason."""


def gateway(stage: Stage, days: int) -> dict[str, Any]:
    """Return what is merged into Chalice's gateway, its log, and the firewall."""
    settings = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": stage.rate,
        "ThrottlingBurstLimit": stage.burst,
        "MetricsEnabled": True,
        "LoggingLevel": "OFF",  # a log of execution would hold headers and bodies
        "DataTraceEnabled": False,
    }
    properties = {
        # Without it SAM makes a second stage, `Stage`: the same API without firewall, limits and log.
        "OpenApiVersion": "2.0",
        "TracingEnabled": True,
        "SecurityPolicy": TLS,
        "EndpointAccessMode": "STRICT",
        "MethodSettings": [settings],
        "AccessLogSetting": {"DestinationArn": arn(ACCESS_LOG), "Format": json.dumps(LOGGED)},
        "DefinitionBody": {
            "info": {"title": api_name(stage.name)},  # the gateway's metrics carry this name
            "x-amazon-apigateway-gateway-responses": responses(),
        },
    }
    log = {"LogGroupName": f"/facture/{stage.name}/gateway", "RetentionInDays": days, "KmsKeyId": arn(TRACE_KEY)}
    return {
        API: {"DependsOn": [ACCOUNT], "Properties": properties},
        f"{HANDLER}InvokePermission": {"Properties": {"SourceArn": sub(_CALLS)}},
        ACCESS_LOG: {"Type": "AWS::Logs::LogGroup", **KEPT, "Properties": log},
        **_writer(),
        FIREWALL: {"Type": "AWS::WAFv2::WebACL", "Properties": _firewall(stage)},
        f"{FIREWALL}OnGateway": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {
                "WebACLArn": arn(FIREWALL),
                "ResourceArn": sub(_STAGE),
            },
        },
    }


def api_name(stage: str) -> str:
    """Return the name of a stage's gateway."""
    return f"facture-{stage}"


def responses() -> dict[str, Any]:
    """Return the gateway's error responses as the problems of the pipeline. They are in English, because a gateway does
    not negotiate a language."""
    allowed = cors().get_access_control_headers()
    return {kind: _response(status, allowed) for kind, status in RESPONSES.items()}


def _response(status: int, allowed: dict[str, Any]) -> dict[str, Any]:
    code, headers, body = gateway_problem(status, language="en", request_id="$context.requestId")
    headers = {**headers, **allowed, "Content-Type": MEDIA}
    headers.pop("Request-Id")
    parameters = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()}
    parameters["gatewayresponse.header.Request-Id"] = "context.requestId"
    return {
        "statusCode": code,
        "responseParameters": parameters,
        "responseTemplates": {"application/json": body.decode()},
    }


def _writer() -> dict[str, Any]:
    """Return the role with which the gateways of this account and region write logs. One setting serves all, so no
    stack deletes it.

    The policy is AWS's own, because API Gateway refuses a role with fewer permissions.
    """
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = {"AssumeRolePolicyDocument": document(trusted), "ManagedPolicyArns": [sub(PUSHES)]}
    account = {"CloudWatchRoleArn": arn(WRITER)}
    return {
        WRITER: {"Type": "AWS::IAM::Role", **KEPT, "Properties": role},
        ACCOUNT: {"Type": "AWS::ApiGateway::Account", **KEPT, "Properties": account},
    }


def _firewall(stage: Stage) -> dict[str, Any]:
    by_caller = {"Header": {"Name": "authorization", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}
    signed = {
        "Limit": stage.each,
        "AggregateKeyType": "CUSTOM_KEYS",
        "CustomKeys": [by_caller],
        "EvaluationWindowSec": 300,
    }
    unsigned = {"Limit": stage.each, "AggregateKeyType": "IP", "EvaluationWindowSec": 300}
    status, headers, body = gateway_problem(429, language="en", request_id="")
    kept = {name: headers[name] for name in ("Retry-After", "Content-Language", "Cache-Control")}
    answer = {
        "ResponseCode": status,
        "CustomResponseBodyKey": "TooMany",
        "ResponseHeaders": [
            {"Name": name, "Value": str(value)} for name, value in (kept | cors().get_access_control_headers()).items()
        ],
    }
    rules = [
        _limited("each-address", 0, answer, unsigned),
        _limited("each-caller", 1, answer, signed),
        _managed(2, "AWSManagedRulesAmazonIpReputationList"),
        _managed(3, "AWSManagedRulesKnownBadInputsRuleSet"),
        _managed(4, "AWSManagedRulesCommonRuleSet", INSPECTED),
    ]
    for rule in rules:
        rule["VisibilityConfig"] = _seen(str(rule["Name"]))
    return {
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "CustomResponseBodies": {"TooMany": {"ContentType": "APPLICATION_JSON", "Content": body.decode()}},
        "Rules": rules,
        "VisibilityConfig": _seen("firewall"),
    }


def _limited(name: str, priority: int, answer: dict[str, Any], limit: dict[str, Any]) -> dict[str, Any]:
    """The rule of a rate. Its answer states the quota. The firewall cannot state the rest of the window."""
    policy = f'"{name}";q={limit["Limit"]};w={limit["EvaluationWindowSec"]}'
    headers = [*answer["ResponseHeaders"], {"Name": "RateLimit-Policy", "Value": policy}]
    refused = {"Block": {"CustomResponse": {**answer, "ResponseHeaders": headers}}}
    return {"Name": name, "Priority": priority, "Action": refused, "Statement": {"RateBasedStatement": limit}}


def _managed(priority: int, name: str, counted: dict[str, str] | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"VendorName": "AWS", "Name": name}
    if counted:
        statement["RuleActionOverrides"] = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted]
    return {
        "Name": name,
        "Priority": priority,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": statement},
    }


def _seen(name: str) -> dict[str, Any]:
    """Count requests without samples. A sample would hold the caller's address and headers, the token among them."""
    return {"CloudWatchMetricsEnabled": True, "MetricName": name, "SampledRequestsEnabled": False}
