"""What every HTML page has in common: its shell with both languages, its style, and the pieces it is made of."""
