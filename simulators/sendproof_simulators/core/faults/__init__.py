"""Faults: what is done on purpose to calls, notifications and the bridge, each at a logical position.

`fault` says what one is; `kinds` holds one in each file, and whoever puts a file there has added a fault; `addressing`
says which calls and notifications it strikes, `entries` reads what somebody wants, `struck` is what a sandbox keeps.
"""
