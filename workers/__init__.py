"""Celery workers: format conversion and uploads."""
