"""`local.serve` with a second version of the schema."""

import sys

import pytest

from local.serve import main
from tests.sync import newer_schema

if __name__ == "__main__":
    newer_schema.publish(pytest.MonkeyPatch())
    sys.exit(main())
