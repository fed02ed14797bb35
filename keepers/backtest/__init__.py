"""A portfolio on a simulated protocol, decided by the bots' own code over a history of closes. No I/O."""
