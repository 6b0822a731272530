"""`sendproof doctor`: whether a bridge could work at all with what it was handed, looked at before it starts.

handed        the handover file, read and checked
calls         one HTTP call, marked as the doctor's own
results       what an examination says
platform      examinations at Optimove: address, key, scope, channels, attributes, numbers
providers     examinations at the services that carry messages: address, credentials
surroundings  examinations of the bridge's side: its address, its listeners, the clock
examinations  the table of them all
"""
