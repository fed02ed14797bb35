"""Sealed documents about persons: the only room that writes them, into a folder or to a node of IPFS."""
