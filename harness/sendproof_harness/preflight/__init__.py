"""`sendproof doctor`: checks before a run whether a bridge can work with its handover.

context            the handover under check, with cached responses
http               HTTP requests that are marked as preflight requests
results            the result of a check
optimove           checks of Optimove: key scope, channels, attributes, phone numbers
message_providers  checks of every service: address and credentials
bridge_side        checks of the bridge: its settings, address and listeners, and the clock
checks             the table of all checks
report             the output as a table or JSON
"""
