"""The comparison of two versions of the contracts: what a change means for a bridge that keeps the older one."""
