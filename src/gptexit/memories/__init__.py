"""What ChatGPT remembered of a person, as far as an export tells, put together by rules."""
