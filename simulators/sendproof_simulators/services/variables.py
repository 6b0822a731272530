"""The environment variables that say where simulators and contracts are."""

FOLDERS_VARIABLE = "SENDPROOF_SIMULATORS"
#: The environment variable with a folder of changed contracts, which replace those with the same file names.
CONTRACTS_VARIABLE = "SENDPROOF_CONTRACTS"
