"""The only room that talks to a node: reading, EIP-712 signing, sending."""
