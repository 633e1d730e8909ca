"""Following a subject through a shot, knowing when it is lost, and reading its disparity."""
