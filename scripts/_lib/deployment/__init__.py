"""Deploys the protocol from a config file to any network: deterministic, idempotent, resumable.

`config` says what is wanted, `protocol` what has to be done for it, `chain` does one thing at a time,
`record` writes what is there. What has been done is read from the chain, never remembered.
"""
