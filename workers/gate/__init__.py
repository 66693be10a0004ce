"""The truth gate: what an export shows is held against what was asked for and what the document holds."""
