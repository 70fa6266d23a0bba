"""Training of Recto's own small network on drawn covers; `python -m recto.training.small --help`."""
