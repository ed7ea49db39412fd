# Completion of gptexit for fish.
_GPTEXIT_COMPLETE=fish_source gptexit | source
