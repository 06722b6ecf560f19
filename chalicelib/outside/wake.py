"""Waking a job before its schedule does: `{"job": name}` on a queue. The schedule is the net.

What opens backups, or writes the archive, has a function's rights of its own: whoever reads the queue starts that
function (`WakeQueue.start`) and needs none of its rights.
"""

import json
import logging
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.settings import Settings

log = logging.getLogger("facture.wake")

CONNECT_SECONDS, READ_SECONDS = 1, 2
"""Somebody waits for an answer while this is sent: better late by a minute than slow for everybody."""

SCHEDULED = {
    "version": "0",
    "id": "",
    "detail-type": "Scheduled Event",
    "source": "facture.wake",
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}
"""What a job's function takes: the shape of a scheduled event."""


class WakeQueue:
    """Sends wake-ups. `send` is true when one was sent, false when there is no queue or it did not answer."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """SQS."""
        import boto3

        config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
        endpoint = self.settings.endpoint_of("sqs")
        return boto3.client("sqs", region_name=self.settings.region, endpoint_url=endpoint, config=config)

    @cached_property
    def functions(self) -> Any:
        """Lambda."""
        import boto3

        endpoint = self.settings.endpoint_of("lambda")
        return boto3.client("lambda", region_name=self.settings.region, endpoint_url=endpoint)

    def send(self, job: str) -> bool:
        """Wake `job`. Never raises for what the queue does."""
        if not self.settings.wake_queue:
            return False
        try:
            self.client.send_message(QueueUrl=self.settings.wake_queue, MessageBody=json.dumps({"job": job}))
        except (BotoCoreError, ClientError) as error:
            log.warning("wake-up not sent", exc_info=error, extra={"job": job})
            return False
        return True

    def start(self, job: str) -> bool:
        """Start the function of a job that runs in none but its own, and do not wait for it. False for any other job.
        Raises what Lambda raises: the queue tries again."""
        function = dict(self.settings.functions).get(job)
        if function is None:
            return False
        self.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(SCHEDULED))
        return True
