"""The whole exit in one go, for the person who is leaving tonight."""
