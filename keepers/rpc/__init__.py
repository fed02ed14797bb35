"""Nodes: endpoints with failover, answers that were checked, events, new blocks. The only room that asks a node."""
