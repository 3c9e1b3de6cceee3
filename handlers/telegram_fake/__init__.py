"""A fake of Telegram's Bot API, with people around it: for trying out, tests and benchmarks.

`telegram.Telegram` is its world, `serving` serves it, `phone.Phone` is a person in it. The bot itself never imports
anything of this: to the bot it is one more address of the Bot API.
"""
