"""Strict mode: each response and webhook of a simulator is checked against the contract that describes it.

A contract that describes an object with `properties` means these and no others here, unless it says
`additionalProperties`: clients are promised the names that they read, so a renamed property is a violation.
"""
