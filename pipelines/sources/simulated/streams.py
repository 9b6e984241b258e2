"""Independent streams of random numbers, one per subject and month: adding one subject never shifts another."""

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Streams:
    """All randomness of one simulation hangs on its seed."""

    seed: int

    def of(self, subject: str, month: int = 0) -> np.random.Generator:
        """Return the stream of a subject, in a month where it has one per month.

        Examples
        --------
        >>> bool(Streams(1).of("contacts").random() == Streams(1).of("contacts").random())
        True
        """
        return np.random.default_rng([self.seed, zlib.crc32(subject.encode()), month + 1_000])
