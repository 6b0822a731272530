"""The commands that drive sandboxes of running simulators by hand, through the control API.

Each group of commands is one module, such as `clock`. The others: `opened` opens a sandbox and prints results, `tables`
and `pages` show lists, and `groups` lets `list` be left out.
"""
