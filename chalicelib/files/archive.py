"""The statutory archive: a bucket under Object Lock. Nobody can change or delete an object before the day that was set
with it."""

from datetime import datetime

from chalicelib.clocks import Clock
from chalicelib.domain.errors import NotFound
from chalicelib.files.objects import Files, refusals
from chalicelib.settings import Settings

MEDIA_TYPE = "application/octet-stream"


class Locked(Files):
    """The objects of the archive. `clock` shows S3's time, by which locks end.

    Every method raises Busy when S3 is throttled or does not answer.
    """

    def __init__(self, settings: Settings, key_id: str | None = None) -> None:
        super().__init__(settings, key_id)
        self.bucket = settings.archive_bucket
        self.clock = Clock()

    def lock(self, key: str, content: bytes, until: datetime) -> bool:
        """Store an object that stays at least until `until` (aware). Return False, and change nothing, when the object
        exists: it has its own day."""
        return self._put(
            Key=key,
            Body=content,
            ContentType=MEDIA_TYPE,
            IfNoneMatch="*",
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=until,
        )

    def first(self, key: str, limit: int) -> bytes:
        """Return the first version of an object. A later version or a delete marker cannot replace it. Raises NotFound,
        TooLarge."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)
        versions = [each for each in found.get("Versions", ()) if each["Key"] == key]
        if not versions:
            raise NotFound
        return self.read(key, limit, VersionId=versions[-1]["VersionId"])  # S3 lists the newest first

    def remove(self, key: str) -> None:
        """Delete every version of an object whose lock has ended."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)
        for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
            if each["Key"] == key:
                with refusals():
                    self.client.delete_object(Bucket=self.bucket, Key=key, VersionId=each["VersionId"])

    def holds(self, prefix: str) -> bool:
        """Whether any version of an object exists under a prefix."""
        with refusals():
            found = self.client.list_object_versions(Bucket=self.bucket, Prefix=prefix, MaxKeys=1)
        return bool(found.get("Versions") or found.get("DeleteMarkers"))

    def locked_until(self, key: str) -> datetime:
        """Return the end of an object's lock. Raises NotFound."""
        with refusals():
            answer = self.client.get_object_retention(Bucket=self.bucket, Key=key)
        until: datetime = answer["Retention"]["RetainUntilDate"]
        return until
