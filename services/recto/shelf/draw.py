"""`python -m recto.shelf.draw` is `python -m recto_lab.synthetic.draw`."""

import runpy

runpy.run_module("recto_lab.synthetic.draw", run_name="__main__", alter_sys=True)
