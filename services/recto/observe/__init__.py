"""How a running Recto is watched: metrics for Prometheus, structured logs, one id from a request to its tasks."""

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Variable of the Prometheus client: the folder that a process counts into. `recto up` names one to each part."""
