"""What every node is made of: life cycle, parameters, diagnostics, log, timers, threads."""
