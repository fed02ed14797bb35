"""Schedules that divide an order over time, and the cost that is expected of them. Pure."""
