"""One module per fault, with the name of the fault."""
