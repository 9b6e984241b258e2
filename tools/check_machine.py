"""Says what a machine lacks before anything is installed. Plain Python, no packages: it runs before there are any."""

import ctypes
import importlib.util
import sys

MISSING = []
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    MISSING.append(
        f"Python: expected 3.11, 3.12 or 3.13; got {sys.version.split()[0]} ({sys.executable}). "
        "Install python3.11 or newer, or name one: make setup PYTHON=python3.12"
    )
MISSING += [
    f"Python's {module}: expected it; got none. On Debian: apt-get install python3-venv"
    for module in ("venv", "ensurepip")
    if importlib.util.find_spec(module) is None
]
try:
    ctypes.CDLL("libgomp.so.1")
except OSError:
    MISSING.append(
        "libgomp.so.1 (LightGBM needs it): expected it; got none. On Debian: apt-get install libgomp1"
    )
if MISSING:
    sys.exit("This machine cannot run Bellwether yet:\n  " + "\n  ".join(MISSING))
