"""Archives that hold whole conversations: what they have is joined with what an export brings."""
