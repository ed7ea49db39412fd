"""Conversations as knowledge files for another assistant, within what it takes.

chat.py       a conversation as Markdown, in pieces that can be told apart
spool.py      where the pieces wait, on disk, until every conversation has been seen
placing.py    which of them go into which file
knowledge.py  the files of a folder
contents.py   what is in a pack, what is not, and why
limits.py     how large a file may be, how many, how much text, and what counts as a token
tokens.py     how many tokens a text has, at most
"""
