"""The folder of an archive on the disk: what is in it, and how it is written."""
