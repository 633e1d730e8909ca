"""Long work as generators: progress, pause, cancel and priority, without Qt."""
