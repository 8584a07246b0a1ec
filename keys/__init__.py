"""Who may read: the signed roster and the reviewers' weekly keys.

`errors roster rosterfile batch ledger offers request` are public and run on the drop box. Everything else here
holds or makes private keys and is never installed on the drop box (deploy/server-files.txt).
"""
