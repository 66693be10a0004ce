"""Celery beat: the clock, read from a database table."""
