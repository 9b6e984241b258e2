"""The early-warning signals: what they are (records), what they read (measures), when they fire, how long they last.

Importing this package loads nothing but this text, because serving reads `records` and `conditions`, which are pure
Python. Measure tables, which are Ibis expressions, are described in `measures` and registered in `registry`.
"""
