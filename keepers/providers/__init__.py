"""Clients of identity providers' REST APIs. The only room that a person's name leaves the machine through."""
