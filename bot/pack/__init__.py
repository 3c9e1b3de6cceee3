"""The official pack: an edition's chosen cases as one zip, for whoever stands above the house.

`choosing` says which cases, in which order; `packing` makes the zip case by case, `zipping` streams it, `tables` draws
the two sheets that come last, `checking` fills them, `naming` gives names that every system takes.
"""
