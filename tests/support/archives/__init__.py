"""Archives with damages and by faulty writers, and archives written by hand."""
