"""The SMTP ports of services."""
