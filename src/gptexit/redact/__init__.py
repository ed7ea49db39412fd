"""Takes secrets out of a conversation before it goes to another company: keys, tokens, passwords.

Two libraries find them (`kingfisher`, `passwords`); `detect` asks both. `redactor` decides which
strings of a conversation are searched, and puts a mark in place of each secret; `occurrences` finds
the same secret in other places and spellings, and keeps the account; `files` does the same for the
text files that a pack takes along. Nothing here opens a connection: neither library is asked to try
out a secret.
"""
