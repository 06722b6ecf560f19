"""The names of schemas in the OpenAPI document: nouns that a generated client can use as class names."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "AffectedShown": "AffectedDocument",
    "AnnouncedShown": "AnnouncedPolicy",
    "AwaitedShown": "AwaitedDetails",
    "BasisShown": "LegalBasis",
    "BatchIn": "DiagnosticsBatch",
    "Changes": "ChangeList",
    "ChoiceShown": "ConsentChoice",
    "CodeSent": "SentCode",
    "Coded": "CodedText",
    "CheckpointShown": "ReachedCheckpoint",
    "ColumnIn": "MappedColumn",
    "Confirmation": "RequestConfirmation",
    "DataShown": "DisclosedData",
    "Deleted": "DeletedResource",
    "Details": "RequestDetails",
    "DocumentIn": "RxdbDocument",
    "DownloadShown": "BackupDownload",
    "EntryShown": "RegisterEntry",
    "EventIn": "DiagnosticsEvent",
    "FaultShown": "RegisterFault",
    "LastFullShown": "LastFullPass",
    "KeyNew": "NewApiKey",
    "KeyShown": "ApiKey",
    "FileShown": "FileAddress",
    "MappingIn": "ImportMappingInput",
    "MappingShown": "ImportMapping",
    "Offer": "PreparedRequest",
    "OutcomeShown": "IssueOutcome",
    "OutcomesShown": "IssueOutcomes",
    "PartShown": "JobResult",
    "PendingShown": "PendingPolicy",
    "PlaceShown": "DataPlace",
    "RefusedShown": "RefusedRow",
    "RegisterPlace": "RegisterPosition",
    "RequestNew": "NewPrivacyRequest",
    "RequestShown": "PrivacyRequest",
    "RestoreIn": "RestoreInput",
    "RowIn": "SyncRow",
    "RowShown": "SampleRow",
    "RuleShown": "DataRule",
    "SchemaShown": "SyncSchema",
    "StepShown": "PlannedStep",
    "SwitchShown": "DiagnosticsSwitch",
    "TableShown": "SyncTable",
    "TargetIn": "CreditTarget",
    "TermShown": "RetentionTerm",
    "WholeThread": "ThreadWithMessages",
    "WordsShown": "AmountInWords",
    "chalicelib__api__attachments__UploadShown": "AttachmentUpload",
    "chalicelib__api__import_models__ColumnShown": "ImportColumn",
    "chalicelib__api__import_models__UploadShown": "ImportUpload",
    "chalicelib__api__sync_models__ColumnShown": "SyncColumn",
}
"""The names that no rule below makes: a model's name is read with its module, a schema's name is read alone."""
_LIST: Final = re.compile(r"(?:FilteredList|ListOf)_(\w+)_")


def noun(model: str) -> str:
    """The schema name of a model: `InvoiceShown` is an `Invoice`, `LineIn` a `LineInput`, a list an `InvoiceList`."""
    if found := _LIST.fullmatch(model):
        return f"{noun(found[1])}List"
    if model in NAMES:
        return NAMES[model]
    if model.endswith("New"):
        return f"New{model.removesuffix('New')}"
    if model.endswith("In"):
        return f"{model.removesuffix('In')}Input"
    return model.removesuffix("Shown")


def nouns(models: Iterable[str]) -> dict[str, str]:
    """The schema name of each model. Raises ValueError when two models get one name."""
    found: dict[str, str] = {}
    for model in models:
        name = noun(model)
        if "__" in name or name in found.values():
            raise ValueError(f"{model} needs a name of its own in NAMES")
        found[model] = name
    return found
