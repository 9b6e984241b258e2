"""The data page: what a bank handed over, what it gives, and what to do for more, as one HTML file."""

from pipelines.data_page.page import CheckedBank, write_data_page

__all__ = ["CheckedBank", "write_data_page"]
