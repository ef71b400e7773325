"""The big screen: listens to the live stream, loses the line once, and takes up where it was cut off."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field

import httpx

from domain.case import ENDED
from runtime.demo.line import Line

_TUNNEL = 1.0


@dataclass(slots=True)
class Dashboard:
    """What was heard: versions of each case by number, and how often the line broke."""

    line: Line
    heard: dict[str, Counter[int]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    filed: set[str] = field(default_factory=set)
    dispatched: set[str] = field(default_factory=set)
    breaks: int = 0
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    _last: str = ""
    _cut: bool = False

    @property
    def events(self) -> int:
        """Events heard, each as often as it came."""
        return sum(versions.total() for versions in self.heard.values())

    @property
    def ended(self) -> int:
        """Cases that are over."""
        return sum(state in ENDED for state in self.states.values())

    async def listen(self) -> None:
        """Listen until cancelled; come back with ``Last-Event-ID`` whenever the line breaks."""
        while True:
            headers = {"Last-Event-ID": self._last} if self._last else {}
            try:
                async with self.line.listen("/v1/stream", headers) as stream:
                    stream.raise_for_status()
                    await self._read(stream)
            except httpx.TransportError:
                pass
            self.breaks += 1
            await asyncio.sleep(_TUNNEL)

    def cut(self) -> None:
        """Break the line at the next event, as a tunnel would. What was heard so far stays heard."""
        self._cut = True

    async def _read(self, stream: httpx.Response) -> None:
        async for text in stream.aiter_lines():
            self.listening.set()
            if text.startswith("id: "):
                last = text.removeprefix("id: ")
            elif text.startswith("data: "):
                self._note(json.loads(text.removeprefix("data: ")))
                self._last = last
                if self._cut:
                    self._cut = False
                    return

    def _note(self, event: dict[str, str]) -> None:
        no, kind = event["no"], event["type"]
        self.heard.setdefault(no, Counter())[int(event["version"])] += 1
        self.states[no] = event["state"]
        if kind == "case.filed":
            self.filed.add(no)
        if kind in ("case.dispatched", "case.activated"):
            self.dispatched.add(no)
