"""What to do before and after leaving, as data.

Looked up in November 2026 in OpenAI's help pages on exporting (7260999), on deleting an account
(6378407, 8980410) and on retention (8983778).
"""

from __future__ import annotations

BEFORE = (
    "**Ask for the export twice**: in ChatGPT under *Settings > Data controls > Export data*, and "
    "at <https://privacy.openai.com> (*Make a Privacy Request > I have a consumer ChatGPT "
    "account > Download my data*). The two do not always hold the "
    "same. Either can take up to 7 days; the link in the e-mail works for 24 hours.",
    "**Download every part.** A large export comes as several ZIPs; give them all in one command.",
    "**Copy your memory.** No export has all of it: in ChatGPT, *Settings > Personalization > "
    "Manage memories*, select all and paste it into a text file, `answer.txt`. Or ask ChatGPT: "
    "“List everything that you remember about me, word for word, each entry with its date”, and "
    "save its answer. `gptexit memory EXPORT --from-file answer.txt` makes a text of it to paste "
    "elsewhere.",
    "**Copy what your custom GPTs and projects are made of**: their names, instructions and files. "
    "An export only has their ids. Open each, choose *Edit* or the project's settings, and copy.",
    "**Save what is open in a canvas**, if you edited it by hand: an export has only what was "
    "said.",
    "**Look at your shared links** (*Settings > Data controls > Shared links*). They stop working "
    "when the account is deleted; whoever needs them needs a copy.",
    "**Move your API keys** if you use the API: deleting the account ends them too, on every "
    "machine that they are on.",
    "**Find the apps that you sign in to with ChatGPT or OpenAI**, and give them another sign-in.",
    "**Open a few notes at random**, old and new ones, with pictures and without.",
    "**Copy this folder to a second place**, an external disk for one. Then run "
    "`gptexit verify` on the copy.",
)
"""In the order in which to do them; Markdown."""

AFTER = (
    "**End the subscription where you bought it.** On the web: *Settings > Account > Manage*. "
    "Bought through Apple or Google, it can only be ended there, and deleting the account or the "
    "app does not end it. What is paid for stays usable to the end of the period.",
    "**Canceling is not deleting.** After a cancellation the account stays, free of charge, with "
    "all its chats. You can stop here and come back for a newer export later.",
    "**Delete the account** only when nothing is left to fetch: *Settings > Account > Delete "
    "account*, or at <https://privacy.openai.com>. It cannot be undone, and the e-mail address may "
    "not be accepted for a new account.",
    "**Know how long it takes**: OpenAI says that it deletes chats and accounts within 30 days, "
    "and that it may keep some data longer for security or where the law asks for it.",
    "**Next year, run `gptexit verify` on this folder**: it tells whether a byte has changed.",
)
"""The same, for what comes then."""

TO_MOVE = (
    "**To move**, run `gptexit exit` again with `--for claude`, `--for gemini`, `--for open-webui` "
    "or `--for librechat`: it adds what that takes, and says how to go on. `--exclude` leaves out "
    "what is not to go along."
)
"""Where nothing was written for a new assistant."""

TO_SEARCH = (
    "**To have your assistant search the archive** on this machine, run `gptexit exit` again with "
    "`--for mcp` added."
)
"""Where nothing was written for that."""

WITH_A_NEW_ASSISTANT = (
    "**To be known from the start**, paste your memory: `gptexit memory EXPORT` writes it as a "
    "text, with where to paste it.",
    "**To go on with one conversation**, attach its note from `markdown/`, or paste it.",
    "**To have the whole archive at hand**, open `markdown/` as a vault in Obsidian or with any "
    "editor, and search it there.",
    "**For programs**, `jsonl/conversations.jsonl` has everything, one conversation a line; "
    "`gptexit schema` prints what a line holds.",
)
"""What to do with the archive."""
