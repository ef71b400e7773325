"""Files in: rows of a CSV or a workbook become hotline tickets (``cityloop import``, import jobs of the API).

``rows`` reads any table, ``mapping`` and ``headers`` say what its columns mean, ``tickets`` judges its rows;
``command`` is the terminal's way, ``tables`` the jobs'.
"""
