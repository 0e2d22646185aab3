"""Did it cause anything? Designs, estimators, power and checks: pure functions, no I/O.

`panel` holds what was observed, `study` what is asked of it, `result` what comes out;
`methods` lists every estimator. Nothing here knows a database, a clock or a page, and nothing
heavier than numpy is imported before an estimator needs it.
"""
