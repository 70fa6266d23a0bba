"""`python -m recto.training.whitening` is `python -m recto_lab.training.whitening`."""

import runpy

runpy.run_module("recto_lab.training.whitening", run_name="__main__", alter_sys=True)
