"""What can be seen in a text, wherever it is read: its few marks, and what may point to its writer.

The drop box and the station both look at texts and may not import each other. This house imports nothing but the
standard library, touches no file and keeps nothing.
"""
