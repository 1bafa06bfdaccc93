"""A voice made of recordings, played by a program. Options: `voice_profile.py`.

The sentence is stitched from its clips and handed to the player as one WAV file on its standard
input; said is what the player played to the end and called a success. The player is `aplay`,
or whatever the option `command` says ("pw-play -", "ssh desk aplay -"); {port} in it is the name
of the sound card. The clip set and how to record one: `clips.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drivers import clips
from drivers.clips import Sound
from drivers.device import DeviceBroken, DeviceTransient
from drivers.jobs import DeviceConfig
from drivers.ports import AlsaPort, VirtualPort
from drivers.speech import Utterance
from drivers.voice_profile import profile_of

PLAYER_MARGIN_S = 5.0
"""On top of the sound's length: a sound card wakes up, a buffer drains."""
CLIPS_MAX = 60
"""The longest ticket and window take 25."""
CLIP_SECONDS_MAX = 60.0
COMPLAINT_CHARS_MAX = 200


class SoundPlayer(Protocol):
    """What plays on a sound card."""

    def check(self) -> None:
        """Raises `DeviceBroken` (`bad_option`) if it cannot play at all."""
        ...

    async def play(self, wav: bytes, seconds: float) -> None:
        """To the end. Raises `DeviceError`."""
        ...


class ClipVoice:
    """One sound card. Calls must not overlap; the task sees to that."""

    def __init__(
        self,
        config: DeviceConfig,
        port: AlsaPort | VirtualPort,
        player: Callable[[str, AlsaPort], SoundPlayer] | None = None,
    ) -> None:
        """`player` makes what plays on a card (`Player`). Raises `DeviceBroken` (`bad_option`)
        naming the option."""
        self.profile = profile_of("clips", config.options)
        assert self.profile.clips is not None  # `profile_of` insists
        self._folder = self.profile.clips
        make = player or Player
        self._player = make(self.profile.command, port) if isinstance(port, AlsaPort) else None

    async def connect(self) -> None:
        """Look for the folder and the player. Raises `DeviceError`."""
        await self.check()

    async def check(self) -> None:
        """Whether folder and player are there. Raises `DeviceBroken`."""
        if not await asyncio.to_thread(self._folder.is_dir):
            raise DeviceBroken("bad_option", f"option clips: there is no folder {self._folder}")
        if self._player is not None:
            self._player.check()

    def missing(self, utterance: Utterance) -> str:
        """The piece no recording exists for, "" if all of it can be played."""
        return utterance.unrecorded

    def limit_s(self, utterance: Utterance) -> float:
        """How long `say` takes at most."""
        return CLIP_SECONDS_MAX + 2 * PLAYER_MARGIN_S

    async def say(self, utterance: Utterance) -> str:
        """Play it to the end; returns its text.

        Raises `DeviceBroken` (`no_clip`: a file is missing or differs in format, `bad_option`)
        or `DeviceTransient` (`offline`: the player failed, `timeout`).
        """
        sound = await asyncio.to_thread(self._stitch, utterance)
        if self._player is None:
            await asyncio.sleep(sound.seconds)  # a virtual card takes its time, too
        else:
            await self._player.play(clips.encode(sound), sound.seconds)
        return utterance.text

    async def close(self) -> None:
        """Never raises; nothing is open between two sentences."""

    def _stitch(self, utterance: Utterance) -> Sound:
        names = utterance.clips[:CLIPS_MAX]
        paths = [clips.clip_path(self._folder, utterance.language, name) for name in names]
        if self.profile.chime:
            paths.insert(0, self._folder / f"{clips.CHIME}.wav")
        sound = clips.stitch([(path, clips.read(path)) for path in paths], self.profile.gap_ms)
        if sound.seconds > CLIP_SECONDS_MAX:
            raise DeviceBroken("no_clip", f"clips of {sound.seconds:.0f} s for one sentence")
        return sound


class Player:
    """A program that plays a WAV file from its standard input."""

    def __init__(self, command: str, port: AlsaPort) -> None:
        words = [word.replace("{port}", port.name) for word in shlex.split(command)]
        self._program, self._arguments = words[0], words[1:]

    def check(self) -> None:
        """Raises `DeviceBroken` (`bad_option`) when there is no such program."""
        if shutil.which(self._program) is None:
            hint = ": apt install alsa-utils" if Path(self._program).name == "aplay" else ""
            raise DeviceBroken("bad_option", f"the player {self._program} is not there{hint}")

    async def play(self, wav: bytes, seconds: float) -> None:
        """Raises `DeviceBroken` (`bad_option`), `DeviceTransient` (`offline`, `timeout`)."""
        self.check()
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            words = (error.strerror or "cannot be started").lower()
            raise DeviceBroken("bad_option", f"the player {self._program}: {words}") from None
        try:
            async with asyncio.timeout(seconds + PLAYER_MARGIN_S):
                _, complaint = await process.communicate(wav)
        except TimeoutError:
            raise DeviceTransient(
                "timeout", f"the player took more than {seconds + PLAYER_MARGIN_S:.0f} s"
            ) from None
        finally:
            await _end(process)
        if process.returncode != 0:
            lines = complaint.decode("utf-8", "replace").strip().splitlines()
            why = lines[-1][:COMPLAINT_CHARS_MAX] if lines else f"exit code {process.returncode}"
            raise DeviceTransient("offline", f"the player failed: {why}")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave no player behind, whatever ended the wait."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
