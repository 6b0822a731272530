"""Commands for CI: merged results, and checks of files."""
