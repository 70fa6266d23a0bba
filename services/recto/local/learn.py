"""`python -m recto.local.learn` is `python -m recto_lab.training.codebook`."""

import runpy

runpy.run_module("recto_lab.training.codebook", run_name="__main__", alter_sys=True)
