"""Failures of workflows, each with a stable code."""


class StepFailed(Exception):
    """A permanent failure: repeating the step does not help. A refusal that is not temporary has the same effect."""

    code: str


class GivenUp(StepFailed):
    """Every attempt at a step failed, and the row is about to become a dead letter."""

    code = "given_up"


class Overtaken(Exception):
    """Another runner saved the row after this one read it, because this runner's claim had ended.

    This runner saves nothing. The other runner repeats the step, which is safe.
    """

    code = "overtaken"


class UnknownProgress(Exception):
    """A later version of the code saved the row. It stays as it is until that version runs again."""

    code = "unknown_progress"
