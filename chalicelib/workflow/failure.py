"""Failures of workflows, each with a stable code."""


class StepFailed(Exception):
    """A step cannot succeed, however often it is tried. A refusal that does not pass says the same."""

    code: str


class GivenUp(StepFailed):
    """Every attempt at a step failed, and the row is about to become a dead letter."""

    code = "given_up"


class Overtaken(Exception):
    """Another runner saved the row since this one read it: this one's claim lapsed while it was still at work.

    Nothing of the step is saved. The other runner has the row, and its steps are repeatable.
    """

    code = "overtaken"


class UnknownProgress(Exception):
    """A later version of the code saved the row. It stays as it is until that version runs again."""

    code = "unknown_progress"
