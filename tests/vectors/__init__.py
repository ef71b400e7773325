"""The catalogue of bad input (docs/strictness.md) as data, against every way in.

``values`` and its neighbours say what may stand in a field and what is wanted then; ``intakes`` say which fields there
are; ``run`` makes every pair, sends it and looks at the answer. The tests and ``make vectors`` run the same.
"""
