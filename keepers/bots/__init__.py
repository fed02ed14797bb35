"""One daemon a file: reads, calls a pure room, signs, sends."""
