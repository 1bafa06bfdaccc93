"""What a hall says over HTTP: the public API, the live stream, the pages. aiohttp, nothing else.

`application.build(parts)` makes the application, `application.serve(app, host, port)` runs it.
Rules are in `queued.core`, time and durability in `queued.engine`, texts in `display`.
"""
