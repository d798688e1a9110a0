"""Tables as people have them: text, Parquet, Arrow, frames and archives, read into what a loop can compute with.

:func:`alrl.data.tables.read.read_table` is the way in; :class:`alrl.data.tables.report.DataReport` says what was done.
"""
