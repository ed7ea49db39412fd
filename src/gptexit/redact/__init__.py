"""What is taken out of a conversation before it goes to another company: keys, tokens, passwords.

Finding them is left to two libraries (`kingfisher`, `passwords`); this package decides where they
look (`fields`), what stands in place of what they find (`placeholder`), where else the same secret
stands (`occurrences`), and what is said about it (`findings`). `redactor` holds it together,
`files` does the same for the text files that a pack takes along. Nothing here opens a connection:
neither library is asked to try out what it found.
"""

from __future__ import annotations

EXTRA = (
    "finding secrets needs two more packages; install them, in the folder of gptexit, with: "
    "python3 -m pip install '.[redact]'.",
    "To write everything, with all secrets in it: --redact nothing.",
)
"""What is wrong and what to do where the libraries are not installed: for CannotRedact."""
