"""What a marketer would do in Optimove, from the command line: thin clients of the control API over HTTP."""
