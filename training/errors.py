class CompileError(Exception):
    """A model that cannot be turned into tables, or whose tables do not say what the model says."""


class TrainingError(Exception):
    """Training cannot go on: says what was expected, what came, and what to do."""


class PackageError(Exception):
    """Parts that do not make a bundle; nothing is written under its name."""
