"""`python -m queued.wechat.emulator`: WeChat as a process of its own, on the loopback only."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time

from aiohttp import web

from queued.wechat.emulator.platform import Platform
from queued.wechat.emulator.pushing import Pusher
from queued.wechat.emulator.server import Emulator


def main() -> int:
    """Serve until SIGTERM or SIGINT; prints one line when ready."""
    parser = argparse.ArgumentParser(prog="python -m queued.wechat.emulator")
    for name in ("appid", "secret", "account", "token", "aes-key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mode", choices=["plain", "compatible", "safe"], default="safe")
    parser.add_argument("--callback", default="", help="address that pushes go to")
    parser.add_argument("--host", default="127.0.0.1:8080", help="网页授权域名")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    pusher = Pusher(
        appid=args.appid,
        account=args.account,
        token=args.token,
        aes_key=args.aes_key,
        mode=args.mode,
    )
    platform = Platform(args.appid, args.secret, time.time())
    emulator = Emulator(platform, pusher, hosts=frozenset({args.host}))
    emulator.callback = args.callback
    asyncio.run(_serve(emulator, args.port))
    return 0


async def _serve(emulator: Emulator, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(emulator.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    ticking = asyncio.create_task(emulator.keep_time())
    # Another program reads this line to know where.
    sys.stdout.write(f"wechat: ready http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await stop.wait()
    ticking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ticking
    await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
