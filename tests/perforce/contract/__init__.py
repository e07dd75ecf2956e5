"""What weir takes for granted of a Perforce server, as checks that any server must pass.

They run p4 as weir does (argv only, -G) against a server of their own: by default the stand-in in this
folder, with P4D= and P4= in the environment a real p4d and its client.  Nothing here knows which of the two
it is talking to.
"""
