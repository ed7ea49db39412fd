"""Write an archive of web pages that opens from a disk."""
