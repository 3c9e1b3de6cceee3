"""A rehearsal: invented people go through a whole season in virtual time, over the real house.

Nobody outside hears anything, and nothing of the real data is read or written: the house of a rehearsal lies in a
folder of its own, which goes when it is over.
"""
