"""Reading and writing of media files, and the analysis products kept on disk. The only room that imports PyAV."""
