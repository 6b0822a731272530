"""The errors of reading JSON from a file that anyone may have damaged or written."""

import msgspec

#: What `msgspec.json.decode` raises for wrong content: not JSON, other types, texts that are no UTF-8, too deep.
JSON_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
