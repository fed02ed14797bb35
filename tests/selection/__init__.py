"""A study: does choosing k of n assets as a QUBO find anything that a swap search does not?"""
