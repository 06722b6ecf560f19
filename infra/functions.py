"""Give each function more than Chalice's template has: layers, environment and its own log.

Chalice's schedules are removed, because they know no time zone, no retry and no dead-letter queue.
"""

from typing import Any

from chalicelib.settings import FUNCTIONS
from infra.buckets import ARCHIVE, BUCKET
from infra.identity import CLIENT, ISSUER, KEYS, MAIL_SETTINGS, PEPPER, POOL
from infra.keys import TRACE_KEY, alias_of_backups, alias_of_receipts
from infra.layers import LAYERS, RUNTIME
from infra.schedules import WAKE_QUEUE
from infra.sessions import named_for
from infra.stages import arn, ref, title
from infra.tables import KEPT

APPLICATION = "application.zip"
PRINTERS = ("api_handler", "exports", "outbox", "requests", "wake")
"""Functions that print merchants' own HTML templates, when there is a layer with wkhtmltopdf."""
WITHOUT_WORLD = ("claims",)
"""Functions without the stage's environment. Cognito's pool refers to `claims`, so `claims` cannot refer to the
pool."""


def name_of(resource: dict[str, Any]) -> str:
    """Return the name that Chalice's configuration gives a function: its handler's, or `api_handler`."""
    handler = str(resource["Properties"]["Handler"]).removeprefix("app.")
    return "api_handler" if handler == "app" else handler


def functions_of(template: dict[str, Any]) -> dict[str, str]:
    """Return our name and the logical name of each function."""
    found = template["Resources"].items()
    return {name_of(resource): key for key, resource in found if resource["Type"] == "AWS::Serverless::Function"}


def layer_name(layer: str) -> str:
    """Return the logical name of a layer."""
    return f"{layer.title()}Layer"


def log_name(function: str) -> str:
    """Return the logical name of a function's log. The function's policy refers to it."""
    return f"{title(function)}Logs"


def additions(names: dict[str, str], stage: str, build: str, days: int) -> dict[str, Any]:
    """Return the layers, a log for each function, and what is merged into each function."""
    resources: dict[str, Any] = {layer_name(layer): _layer(layer) for layer in LAYERS}
    for name, logical in names.items():
        resources[log_name(name)] = {
            "Type": "AWS::Logs::LogGroup",
            **KEPT,
            "Properties": {
                "LogGroupName": f"/facture/{stage}/{name}",
                "RetentionInDays": days,
                "KmsKeyId": arn(TRACE_KEY),
            },
        }
        resources[logical] = {"Properties": _properties(name, stage, build)}
    return resources


def _properties(name: str, stage: str, build: str) -> dict[str, Any]:
    layers: list[Any] = [ref(layer_name(layer)) for layer in LAYERS]
    if name in PRINTERS:
        layers.append({"Fn::If": ["WithWkhtmltopdf", ref("WkhtmltopdfLayer"), ref("AWS::NoValue")]})
    properties: dict[str, Any] = {
        "Runtime": RUNTIME,
        "CodeUri": APPLICATION,
        "Layers": layers,
        "LoggingConfig": {"LogGroup": ref(log_name(name)), "LogFormat": "Text"},  # our log lines are JSON already
        "EventInvokeConfig": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3_600},
    }
    if name not in WITHOUT_WORLD:
        properties["Environment"] = {"Variables": environment(stage, build) | named_for(name)}
    if name == "signins":  # the only function that may delete accounts
        properties["Environment"]["Variables"]["FACTURE_USER_POOL"] = ref(POOL)
    if name == "wake":
        # Only these two functions may decrypt backups or write the archive, so `wake` must start them.
        properties["Environment"]["Variables"] |= {variable: ref(title(job)) for job, variable in FUNCTIONS.items()}
    return properties


def environment(stage: str, build: str) -> dict[str, Any]:
    """Return the variables that `Settings.from_env` reads beyond Chalice's configuration: names and addresses, no
    secret."""
    return {
        "FACTURE_BUCKET_FILES": ref(BUCKET),
        "FACTURE_BUCKET_ARCHIVE": ref(ARCHIVE),
        "FACTURE_ISSUER": ISSUER,
        "FACTURE_AUDIENCE": ref(CLIENT),
        "FACTURE_JWKS_URL": KEYS,
        "FACTURE_WAKE_QUEUE": ref(WAKE_QUEUE),
        "FACTURE_RECEIPT_KEY": alias_of_receipts(stage),
        "FACTURE_BACKUP_KEY": alias_of_backups(stage),
        "FACTURE_PEPPER_SECRET": ref(PEPPER),
        "FACTURE_MAIL_FROM": ref("MailFrom"),
        "FACTURE_MAIL_SETTINGS": ref(MAIL_SETTINGS),
        "FACTURE_ANSWERS_BOUND_SINCE": ref("AnswersBoundSince"),
        "FACTURE_BUILD": build,
    }


def _layer(layer: str) -> dict[str, Any]:
    properties = {
        "ContentUri": f"{layer}.zip",
        "CompatibleArchitectures": ["arm64"],
        "CompatibleRuntimes": [RUNTIME],
        "RetentionPolicy": "Delete",
    }
    return {"Type": "AWS::Serverless::LayerVersion", "Properties": properties}


def without_chalices_schedules(template: dict[str, Any]) -> None:
    """Remove Chalice's schedules, and connect its queue trigger to our queue."""
    for logical in functions_of(template).values():
        properties = template["Resources"][logical]["Properties"]
        events = {name: event for name, event in properties.pop("Events", {}).items() if event["Type"] != "Schedule"}
        for event in events.values():
            if event["Type"] == "SQS":
                event["Properties"] = {
                    "Queue": arn(WAKE_QUEUE),
                    "BatchSize": 1,
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "ScalingConfig": {"MaximumConcurrency": 5},
                }
        if events:
            properties["Events"] = events
