"""Real servers of other people's making, to develop and to test against: one module each, installed when first asked for.

What they are made of is installed by package managers into a cache outside of the checkout; each start has fresh data
in a folder of its own and a port of its own on 127.0.0.1. None of this is part of Folkmoot.
"""
