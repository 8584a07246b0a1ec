"""What runs inside the sandbox, by the system's Python: only these modules ever read a file of a stranger.

Nothing here is imported by the station for use; all of it counts as taken over by the file once it has read it.
"""
