"""The offline half of Kotak Senyap: what a unit's own machine does with bundles, reports and replies.

Imports `crypto` and `keys`, never `dropbox`. Nothing here opens a network connection, and `station.airgap`
refuses to start on a machine that has one. All that a reporter wrote lies in one SQLCipher file
(`station.vault`) whose key only a quorum of reviewers can put together.
"""
