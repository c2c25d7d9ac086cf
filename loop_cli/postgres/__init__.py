"""The store in PostgreSQL (SPEC §12): the same contract as that of the files, on one database for
several servers.

The truth is the bytes of each file. All else in its row is computed from them, by `projection`, in
the transaction that writes them.
"""
