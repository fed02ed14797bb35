"""Runs bots: triggers, leadership, supervision, metrics, logging, and the services that a config describes."""
