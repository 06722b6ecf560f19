"""The statutory archive: a bucket under Object Lock, where what is stored can be neither altered nor deleted by anybody
before the day that was given with it."""

from datetime import datetime

from chalicelib.domain.errors import NotFound
from chalicelib.files.objects import Files, refusals
from chalicelib.settings import Settings

SEALED = "application/octet-stream"


class Locked(Files):
    """The objects of the archive. Every method raises Busy when S3 is throttled or does not answer."""

    def __init__(self, settings: Settings, key_id: str | None = None) -> None:
        super().__init__(settings, key_id)
        self.bucket = settings.archive_bucket

    def lock(self, key: str, content: bytes, until: datetime) -> bool:
        """Store an object that stays at least until `until` (aware). False, and nothing is changed, when there is one:
        it has its own day."""
        return self._put(
            Key=key,
            Body=content,
            ContentType=SEALED,
            IfNoneMatch="*",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
        )

    def first(self, key: str, limit: int) -> bytes:
        """An object as it was put first: what was laid over it, a delete marker too, took nothing away. Raises
        NotFound, TooLarge."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)
        own = [each for each in found.get("Versions", ()) if each["Key"] == key]
        if not own:
            raise NotFound
        return self.read(key, limit, VersionId=own[-1]["VersionId"])  # S3 lists the newest first

    def remove(self, key: str) -> None:
        """Delete every version of an object whose lock has ended."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            if each["Key"] == key:
                with refusals():
                    self.client.delete_object(Bucket=self.bucket, Key=key, VersionId=each["VersionId"])

    def holds(self, prefix: str) -> bool:
        """Whether any version of any object lies under a prefix."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=prefix, MaxKeys=1)
        return bool(found.get("Versions") or found.get("DeleteMarkers"))

    def locked_until(self, key: str) -> datetime:
        """Until when an object cannot go. Raises NotFound."""
        with refusals():
            answer = self.client.get_object_retention(Bucket=self.bucket, Key=key)
        until: datetime = answer["Retention"]["RetainUntilDate"]
        return until
