"""How good the advisers are, measured on data they were not made on: ``python -m bench.evaluate``.

Each module here that offers ``NAME`` and ``run()`` is one adviser; ``run`` returns the Markdown under its heading.
"""
