"""What may go wrong in a pipeline, in words a user can act on."""

from __future__ import annotations


class PipelineError(RuntimeError):
    """A command cannot go on: says what was expected, what came, where, and what to do."""
