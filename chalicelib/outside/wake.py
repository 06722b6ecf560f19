"""Wake a job before its schedule does, with the message `{"job": name}` on a queue. A lost message only means that the
job waits for its schedule.

Jobs that decrypt backups or write the archive run in functions with their own permissions. The function that reads the
queue starts such a function with `WakeQueue.start` and does not need its permissions.
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
"""A user waits for the response meanwhile, so a lost wake-up is better than a slow response."""

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
"""The input of a job's function: the shape of a scheduled event."""


class WakeQueue:
    """Send wake-ups, and start functions of jobs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """The boto3 client of SQS."""
        import boto3

        config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 1})
        endpoint = self.settings.endpoint_of("sqs")
        return boto3.client("sqs", region_name=self.settings.region, endpoint_url=endpoint, config=config)

    @cached_property
    def functions(self) -> Any:
        """The boto3 client of Lambda."""
        import boto3

        endpoint = self.settings.endpoint_of("lambda")
        return boto3.client("lambda", region_name=self.settings.region, endpoint_url=endpoint)

    def send(self, job: str) -> bool:
        """Wake `job`. Return False, and raise nothing, when there is no queue or it does not answer."""
        if not self.settings.wake_queue:
            return False
        try:
            self.client.send_message(QueueUrl=self.settings.wake_queue, MessageBody=json.dumps({"job": job}))
        except (BotoCoreError, ClientError) as error:
            log.warning("wake-up not sent", exc_info=error, extra={"job": job})
            return False
        return True

    def start(self, job: str) -> bool:
        """Start the function of a job that has its own, without waiting for it. Return False for any other job.

        An error of Lambda is raised, so that the queue repeats the message.
        """
        function = dict(self.settings.functions).get(job)
        if function is None:
            return False
        self.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(SCHEDULED))
        return True
