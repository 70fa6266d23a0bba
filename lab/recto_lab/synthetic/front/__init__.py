"""The layouts of fronts."""
