"""The command line: one module per command, each with its arguments (`add_arguments`) and its handler (`run`)."""
