"""Recognition measured on labelled photos: sets, methods to compare, measures, report."""
