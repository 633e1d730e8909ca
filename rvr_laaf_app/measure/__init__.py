"""How good an estimate is: depth, edges, refocused pictures, recovered light and steadiness, against what is known.

Reads files and runs estimators as the program does; never trains, never writes. The figures come back as plain values
that go into JSON as they are; printing them is the command line's business.
"""
