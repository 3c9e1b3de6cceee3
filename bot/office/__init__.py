"""The office: commands carried out on the writer's thread, in one transaction each.

`bot.acts` has the commands; each room here carries out some of them. Rights are read and checked inside that
transaction: who was dismissed a moment ago commands nothing any more. What lies outside somebody's units is answered
like what does not exist. Whoever is to hear of it hears by a wake written in the same transaction. Each command that
changes something writes one event.
"""
