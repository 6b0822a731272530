"""Commands that run many scenarios to learn more about a bridge: certificates, searches, and smallest causes."""
