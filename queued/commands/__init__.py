"""One module per command of `queued`: `add_arguments(parser)` and `run(args) -> exit code`."""
