"""Feature groups: one expression per subject, `(tables, spine) -> one row per (customer_id, as_of)`.

Importing this package loads nothing but this text, because signals and groups read each other's subjects. All groups
together are in `registry`.
"""
