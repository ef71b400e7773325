"""Where contents are developed: few at a time, in threads, and none for longer than it may take."""

import asyncio
from asyncio import Future
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from domain.attachment import refusal
from handlers.develop import Developed, develop


class Darkroom:
    """Runs ``handlers.develop`` in at most ``places`` threads; a photo of 50 million pixels needs 200 MB in each."""

    def __init__(self, places: int = 2, seconds: float = 30.0) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="darkroom")
        self._room = asyncio.Semaphore(places)
        self._seconds = seconds

    async def develop(self, original: Path) -> Developed:
        """As ``handlers.develop.develop``; ``file-too-complex`` when it takes too long.

        A thread cannot be stopped: it keeps its place until it is done, and its result is forgotten.
        """
        await self._room.acquire()
        work = asyncio.get_running_loop().run_in_executor(self._threads, develop, original)
        work.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.shield(work), self._seconds)
        except TimeoutError:
            raise refusal("file-too-complex") from None

    def _leave(self, work: "Future[Developed]") -> None:
        self._room.release()
        if not work.cancelled():
            work.exception()  # looked at, for nobody may be left who waits for it

    def close(self) -> None:
        """Take nothing in any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
