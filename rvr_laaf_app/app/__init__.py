"""What the program can do, without Qt: the session of an open project, the table of actions, settings."""
