"""When and where Recto runs: Celery app, messages, tasks, supervisor."""
