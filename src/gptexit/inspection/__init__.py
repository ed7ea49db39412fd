"""What an export holds and what it lacks, in one pass over its raw conversations.

Nothing is normalized here: conversations are counted as they stand in the source, so that an
inspection takes little longer than reading.
"""
