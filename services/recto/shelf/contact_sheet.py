"""`python -m recto.shelf.contact_sheet` is `python -m recto_lab.synthetic.contact_sheet`."""

import runpy

runpy.run_module("recto_lab.synthetic.contact_sheet", run_name="__main__", alter_sys=True)
