"""`queued public`: what everybody may see, from a process that decides nothing and holds nothing.

It follows any number of halls through Redis, or one hall over HTTP, and serves the same bytes the
halls would serve. It has no secret, no database and no way to change anything in a hall.
"""
