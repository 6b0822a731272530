"""The work of the bridge: one module per kind of job, named like the kind.

A handler makes its calls, then ends its job in the transaction that stores its results. It can be interrupted at any
point and run again.
"""
