"""The failures a user can mend: shown as one message, never as a traceback."""

from __future__ import annotations


def expected_failures() -> tuple[type[Exception], ...]:
    """Return the domain errors of all layers; imported late, for they stand beside heavy code."""
    from features.store import StoreError
    from pipelines.errors import PipelineError
    from pipelines.intake import IntakeError
    from pipelines.publish import PublishError
    from pipelines.sources import ImportFailed
    from serving.errors import BundleError, FrameError
    from serving.online import StoreAway
    from training.errors import CompileError, PackageError, TrainingError

    return (
        PipelineError, IntakeError, ImportFailed, PublishError, StoreError, StoreAway, BundleError, FrameError,
        CompileError, PackageError, TrainingError,
    )  # fmt: skip
