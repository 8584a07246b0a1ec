"""Formats and primitives of Kotak Senyap: bytes in, bytes out.

Nothing here opens a network connection, a database or a web page, and nothing here imports
another house of the project. The one module that touches a file system is `crypto.medium`
(what is written to and read from a stick). docs/formats.md is the text these modules obey.
"""
