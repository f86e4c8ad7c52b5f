"""Which changes of the code of metrics and statistics no test notices: `python -m tests.mutation`."""
