"""The refusals about files: attachments, imports and exports. `api.problems` gives each class its status."""

from chalicelib.domain.errors import Conflict


class NotUploaded(Conflict):
    """The file of an attachment was not uploaded yet."""

    code = "not_uploaded"


class AttachmentNotReady(Conflict):
    """The file of an attachment is not checked yet, or it was refused."""

    code = "attachment_not_ready"


class AttachmentFixed(Conflict):
    """An attachment of an issued document is an accounting paper. It stays for the document's term (CGI art. 211)."""

    code = "attachment_fixed"


class AttachmentQuota(Conflict):
    """The owner or the company has as many attachments as it may have. `limit` says how many, or how many bytes."""

    code = "attachment_quota"


class ImportKindUnavailable(Conflict):
    """Files of this kind cannot be imported yet."""

    code = "import_kind_unavailable"


class ImportRunning(Conflict):
    """A job on this import runs. Wait for its end."""

    code = "import_running"


class ImportOver(Conflict):
    """The import's state does not allow this: `status` names it. The file is kept for a day."""

    code = "import_over"


class ImportUnanswered(Conflict):
    """A column of numbers can be read in two ways. The mapping must name its decimal sign."""

    code = "import_unanswered"


class ExportNotReady(Conflict):
    """The export is still running: `status` names its state. Follow its job."""

    code = "export_not_ready"


class ImportUndoOver(Conflict):
    """A commit can be undone for 24 hours."""

    code = "import_undo_over"


class UploadMissing(Conflict):
    """The file was not uploaded yet."""

    code = "upload_missing"


class UploadMismatch(Conflict):
    """The uploaded file is not the announced one: its size or its hash differs."""

    code = "upload_mismatch"
