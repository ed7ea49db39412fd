# Completion of gptexit for bash; bash-completion reads this at the first Tab.
eval "$(_GPTEXIT_COMPLETE=bash_source gptexit)"
