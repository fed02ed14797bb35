"""The travel rule: who sends and who receives, told to the other side before a transfer. Pure."""
