"""A process to be killed: appends batches for ever, prints the seq of each acknowledged one."""

from __future__ import annotations

import asyncio
import sys
from random import Random

from queued.engine.ports import Batch
from queued.storage.store import Store
from tests.storage.chains import chain


async def main(folder: str, seed: int) -> None:
    random = Random(seed)
    store = await Store.open(folder)
    seq, previous = await store.journal.head("demo")
    print("ready", flush=True)
    while True:
        records = chain(random.choice([1, 1, 3, 20]), seq, previous)
        await store.journal.append("demo", Batch(records))
        seq, previous = records[-1].seq, records[-1].hash
        print(seq, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
