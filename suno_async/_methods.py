# ruff: noqa: A002, E501, PLR0913, TC001, TC003
# The API's own names; one line an argument, for editors show no more; all but a few have defaults;
# and the types are to be found at run time.
"""The client's methods, one an operation: made by `python .ci/methods`, never by hand.

Each takes the fields of its operation, in the order in which a user thinks of them, builds it, and
submits or calls it. What they say is what `operations` says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

from attrs import NOTHING

from suno_async.operations import (
    AddInstrumental,
    AddVocals,
    BoostStyle,
    CallOperation,
    CheckVoice,
    ConvertToWav,
    CreateMusicVideo,
    ExtendMusic,
    GenerateCoverImages,
    GenerateLyrics,
    GenerateMashup,
    GenerateMidi,
    GenerateMusic,
    GeneratePersona,
    GenerateSounds,
    GenerateVoice,
    GetCredits,
    GetTimestampedLyrics,
    HasAudioId,
    HasId,
    HasPersonaId,
    HasUrl,
    HasVoiceId,
    Language,
    Model,
    PersonaModel,
    RecoverAudio,
    RegenerateVoicePhrase,
    ReplaceSection,
    SeparateVocals,
    SkillLevel,
    SoundKey,
    StemType,
    TaskOperation,
    TaskSource,
    UploadAndCover,
    UploadAndExtend,
    ValidateVoice,
)
from suno_async.results import (
    CoverImages,
    Lyrics,
    Midi,
    MusicVideo,
    Persona,
    RecoveredAudio,
    Stems,
    StyleBoost,
    TimestampedLyrics,
    Track,
    Voice,
    VoicePhrase,
    WavFile,
)
from suno_async.task import Task

R = TypeVar("R")

LEFT_OUT: Any = NOTHING
"""In place of an argument: what the operation makes of it when it is not given."""


class OperationMethods(ABC):
    """The operations as methods; the client says how to submit and to call."""

    @abstractmethod
    async def submit(
        self,
        operation: TaskOperation[R],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Task[R]:
        """Start a task."""

    @abstractmethod
    async def call(self, operation: CallOperation[R], *, timeout: float | None = None) -> R:
        """Ask for an answer that comes at once."""

    async def generate_music(
        self,
        prompt: str | None = None,
        *,
        style: str | None = None,
        title: str | None = None,
        lyrics: str | None = None,
        instrumental: bool = False,
        model: Model | str = Model.V5,
        duration: int | None = None,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        image_urls: Iterable[str | HasUrl] | None = None,
        video_urls: Iterable[str | HasUrl] | None = None,
        audio_urls: Iterable[str | HasUrl] | None = None,
        custom_mode: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two songs: in simple mode from an idea, in custom mode from words, style and title.

        `generate_music("an idea")` is the simple mode: the service writes words and style. Custom
        mode sings `lyrics` in a given `style` under a given `title`, or plays `instrumental`.

        Args:
            prompt: The idea, at most 500 characters (V6: 3000); the words sung are written from it.
            style: The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an idea in simple mode, too.
            title: The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            instrumental: Whether it is played without voices.
            model: The model; a name unknown here is passed on unchecked.
            duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            image_urls: Pictures to start from, at most 5 of 10 MB; simple mode, V6.
            video_urls: A video to start from, at most 241 s and 100 MB; simple mode, V6.
            audio_urls: Audio to start from, each 6 s to 30 min and at most 500 MB; simple mode, V6; all attachments together at most 10.
            custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: something is missing for the mode, too long for the model or out of
                range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.generate_music("A calm piano tune at dusk")
            >>> async for event in task:
            ...     print(event.stage)
            >>> tracks = await task
            >>> song = await suno.generate_music(lyrics="[Verse] The road goes on", style="Folk", title="Home")
        """
        return await self.submit(
            GenerateMusic(
                prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                instrumental=instrumental,
                model=model,
                duration=duration,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                image_urls=image_urls,
                video_urls=video_urls,
                audio_urls=audio_urls,
                custom_mode=custom_mode,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def extend_music(
        self,
        audio_id: str | HasAudioId,
        *,
        task_id: TaskSource | None = None,
        continue_at: float | None = None,
        prompt: str | None = None,
        style: str | None = None,
        title: str | None = None,
        lyrics: str | None = None,
        instrumental: bool | None = None,
        model: Model | str = LEFT_OUT,
        duration: int | None = None,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        default_param_flag: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Carry a track on: two songs that begin as it does.

        `extend_music(track)` goes on with the track's own parameters. `continue_at`, words, a style
        or a title ask for others: `extend_music(track, continue_at=60, prompt="la")` keeps the
        track's model, and its style and title unless others are given. Before V6 the service then
        wants `continue_at` and words, or in place of the words `instrumental=True`.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it, which V6 is sent; left out, the track's.
            continue_at: Where to go on, in seconds from the beginning, before the end of the source.
            prompt: The words to be sung, which may be given as `lyrics`, too: V6 reads them there.
            style: The style, at most 1000 characters (V4 and before: 200).
            title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            instrumental: Whether it is played without voices.
            model: The model, which must be the track's; left out, it is.
            duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            default_param_flag: Whether the parameters given here count, not the source's; left out, giving some does it. The V6 models have no such flag, and it is sent to them only where it is given.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: something is missing, too long, or does not fit the track.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.extend_music(track, continue_at=60, prompt="[Outro] And homeward")
            >>> tracks = await task
        """
        return await self.submit(
            ExtendMusic(
                audio_id,
                task_id=task_id,
                continue_at=continue_at,
                prompt=prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                instrumental=instrumental,
                model=model,
                duration=duration,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                default_param_flag=default_param_flag,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def upload_and_cover(
        self,
        upload_url: str | HasUrl,
        *,
        prompt: str | None = None,
        style: str | None = None,
        title: str | None = None,
        lyrics: str | None = None,
        instrumental: bool = False,
        model: Model | str = Model.V5,
        duration: int | None = None,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        custom_mode: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two songs of an upload's melody in another style; the upload has 8 minutes at most.

        Args:
            upload_url: The upload, or its address.
            prompt: The idea in simple mode, at most 500 characters (V6: 3000).
            style: The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an idea in simple mode, too.
            title: The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            instrumental: Whether it is played without voices.
            model: The model; a name unknown here is passed on unchecked.
            duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: something is missing for the mode, too long for the model or out of
                range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> file = await suno.upload_file("melody.mp3")
            >>> task = await suno.upload_and_cover(file, prompt="as smooth jazz")
            >>> tracks = await task
        """
        return await self.submit(
            UploadAndCover(
                upload_url,
                prompt=prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                instrumental=instrumental,
                model=model,
                duration=duration,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                custom_mode=custom_mode,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def upload_and_extend(
        self,
        upload_url: str | HasUrl,
        *,
        continue_at: float | None = None,
        prompt: str | None = None,
        style: str | None = None,
        title: str | None = None,
        lyrics: str | None = None,
        instrumental: bool | None = None,
        model: Model | str = Model.V5,
        duration: int | None = None,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        default_param_flag: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Carry an upload on, of 8 minutes at most (V4_5ALL: 1 minute).

        `continue_at`, a style or a title make it an extension with parameters of your own. Before
        V6 the service then wants `continue_at` and words, or in place of the words
        `instrumental=True`.

        Args:
            upload_url: The upload, or its address.
            continue_at: Where to go on, in seconds from the beginning, before the end of the source.
            prompt: The words to be sung, which may be given as `lyrics`, too: V6 reads them there.
            style: The style, at most 1000 characters (V4 and before: 200).
            title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            instrumental: Whether it is played without voices.
            model: The model; a name unknown here is passed on unchecked.
            duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            default_param_flag: Whether the parameters given here count, not the source's; left out, giving some does it. The V6 models have no such flag, and it is sent to them only where it is given.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: something is missing, too long or out of range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> file = await suno.upload_file("melody.mp3")
            >>> task = await suno.upload_and_extend(file)
            >>> tracks = await task
        """
        return await self.submit(
            UploadAndExtend(
                upload_url,
                continue_at=continue_at,
                prompt=prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                instrumental=instrumental,
                model=model,
                duration=duration,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                default_param_flag=default_param_flag,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def add_instrumental(
        self,
        upload_url: str | HasUrl,
        *,
        tags: str,
        title: str,
        lyrics: str | None = None,
        model: Model | str = Model.V5,
        negative_tags: str,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two accompaniments for a voice that was uploaded.

        Args:
            upload_url: The upload, or its address.
            tags: The style, at most 1000 characters (V4 and before: 200).
            title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            model: The model; a name unknown here is passed on unchecked.
            negative_tags: What to avoid, at most 1000 characters.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: something is empty, too long for the model or out of range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            AddInstrumental(
                upload_url,
                tags=tags,
                title=title,
                lyrics=lyrics,
                model=model,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def add_vocals(
        self,
        upload_url: str | HasUrl,
        *,
        prompt: str | None = None,
        style: str,
        title: str,
        lyrics: str | None = None,
        model: Model | str = Model.V5,
        negative_tags: str,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two songs by singing to music that was uploaded.

        Args:
            upload_url: The upload, or its address.
            prompt: What is sung, at most 5000 characters (V4 and before: 3000); required before V6.
            style: The style, at most 1000 characters (V4 and before: 200).
            title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            model: The model; a name unknown here is passed on unchecked.
            negative_tags: What to avoid, at most 1000 characters.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: there is nothing to sing, or something is empty, too long or out of
                range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> file = await suno.upload_file("melody.mp3")
            >>> task = await suno.add_vocals(
            ...     file, lyrics="[Verse] The road goes on", style="Folk", title="Home", negative_tags="Metal"
            ... )
            >>> tracks = await task
        """
        return await self.submit(
            AddVocals(
                upload_url,
                prompt=prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                model=model,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def replace_section(
        self,
        audio_id: str | HasAudioId | None = None,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        upload_url: str | HasUrl | None = None,
        infill_start_s: float,
        infill_end_s: float,
        prompt: str,
        tags: str,
        title: str,
        lyrics: str | None = None,
        full_lyrics: str,
        model: Model | str | None = LEFT_OUT,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make a part of a song anew: of a track, or of an upload.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            upload_url: An upload in place of a track.
            infill_start_s: Where the part begins, in seconds, in steps of 0.01.
            infill_end_s: Where the part ends, in seconds; the service takes parts of 10 s to half of the song.
            prompt: The words of the new part.
            tags: The style.
            title: The title.
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            full_lyrics: The words of the whole song, as they are afterwards.
            model: The model; for an upload only.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: both a track and an upload are given, or neither; or the part is empty.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.replace_section(
            ...     track,
            ...     infill_start_s=10,
            ...     infill_end_s=25.5,
            ...     prompt="And the sea sings on",
            ...     tags="Folk",
            ...     title="Home",
            ...     full_lyrics="The road goes on, and the sea sings on",
            ... )
            >>> tracks = await task
        """
        return await self.submit(
            ReplaceSection(
                audio_id,
                task_id=task_id,
                upload_url=upload_url,
                infill_start_s=infill_start_s,
                infill_end_s=infill_end_s,
                prompt=prompt,
                tags=tags,
                title=title,
                lyrics=lyrics,
                full_lyrics=full_lyrics,
                model=model,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_mashup(
        self,
        upload_url_list: Iterable[str | HasUrl],
        *,
        prompt: str | None = None,
        style: str | None = None,
        title: str | None = None,
        lyrics: str | None = None,
        instrumental: bool = False,
        model: Model | str = Model.V5,
        duration: int | None = None,
        negative_tags: str | None = None,
        vocal_gender: Literal["m", "f"] | None = None,
        variety: int | None = None,
        persona_id: str | HasPersonaId | HasVoiceId | None = None,
        persona_model: PersonaModel | str | None = LEFT_OUT,
        style_weight: float | None = None,
        weirdness_constraint: float | None = None,
        audio_weight: float | None = None,
        custom_mode: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two songs of two uploads.

        Args:
            upload_url_list: The two uploads, or their addresses.
            prompt: The idea in simple mode, at most 500 characters (V6: 3000).
            style: The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an idea in simple mode, too.
            title: The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
            lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
            instrumental: Whether it is played without voices.
            model: The model; a name unknown here is passed on unchecked.
            duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
            negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
            vocal_gender: The voice preferred; of a song, custom mode only.
            variety: How different the two songs are, 0 to 4; V6.
            persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
            persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
            style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
            weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
            audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
            custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: there are not two uploads, or something is missing, or out of range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            GenerateMashup(
                upload_url_list,
                prompt=prompt,
                style=style,
                title=title,
                lyrics=lyrics,
                instrumental=instrumental,
                model=model,
                duration=duration,
                negative_tags=negative_tags,
                vocal_gender=vocal_gender,
                variety=variety,
                persona_id=persona_id,
                persona_model=persona_model,
                style_weight=style_weight,
                weirdness_constraint=weirdness_constraint,
                audio_weight=audio_weight,
                custom_mode=custom_mode,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_sounds(
        self,
        prompt: str,
        *,
        model: Model | str = Model.V5,
        sound_loop: bool = False,
        sound_tempo: int | None = None,
        sound_key: SoundKey | str = "Any",
        grab_lyrics: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Track, ...]]:
        """Make two sounds from a description: an effect, an ambience, a loop.

        Args:
            prompt: What it shall sound like, at most 500 characters.
            model: The model; a name unknown here is passed on unchecked.
            sound_loop: Whether its end leads back to its beginning.
            sound_tempo: Beats in a minute, 1 to 300; left out, the service chooses.
            sound_key: The musical key: `Any`, or from C to B with `#` for the black ones and `m` for minor; another word is passed on unchecked.
            grab_lyrics: Whether the words are written down as well.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Track, ...]`.

        Raises:
            InvalidRequest: the description is empty or too long, or something is out of range.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.generate_sounds("rain on a tin roof", sound_loop=True)
            >>> sounds = await task
        """
        return await self.submit(
            GenerateSounds(
                prompt,
                model=model,
                sound_loop=sound_loop,
                sound_tempo=sound_tempo,
                sound_key=sound_key,
                grab_lyrics=grab_lyrics,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_persona(
        self,
        audio_id: str | HasAudioId,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        name: str,
        description: str,
        style: str | None = None,
        vocal_start: float | None = None,
        vocal_end: float | None = None,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Persona:
        """Make a persona of a finished track (V4 or later), once a track; then `Conflict`.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            name: The persona's name.
            description: What it is like.
            style: Its style.
            vocal_start: Where the part of the track begins, in seconds; left out, at 0.
            vocal_end: Where it ends, in seconds, 10 to 30 later; left out, at 30.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The answer, `Persona`.

        Raises:
            InvalidRequest: the task is not known, or the part is not 10 to 30 seconds long.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            DecodeError: the answer cannot be read.
        """
        return await self.call(
            GeneratePersona(
                audio_id,
                task_id=task_id,
                name=name,
                description=description,
                style=style,
                vocal_start=vocal_start,
                vocal_end=vocal_end,
                extra=extra,
            ),
            timeout=timeout,
        )

    async def get_timestamped_lyrics(
        self,
        audio_id: str | HasAudioId | None = None,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        music_index: int | None = None,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> TimestampedLyrics:
        """Get the times at which each word of a track is sung; it costs about half a credit.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            music_index: The track's place in its task, 0 or 1, where its id is not known; the id counts first.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The answer, `TimestampedLyrics`.

        Raises:
            InvalidRequest: the track is not said, or given by its plain id and `task_id` is
                missing.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            DecodeError: the answer cannot be read.

        Example:
            >>> lyrics = await suno.get_timestamped_lyrics(track)
            >>> print([(word.word, word.start_s) for word in lyrics.aligned_words])
        """
        return await self.call(
            GetTimestampedLyrics(
                audio_id,
                task_id=task_id,
                music_index=music_index,
                extra=extra,
            ),
            timeout=timeout,
        )

    async def get_credits(
        self,
        *,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> float:
        """How many credits are left; fractions occur.

        Args:
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The answer, `float`.

        Raises:
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            ConnectionFailed: no connection could be made, nothing was paid.
            RequestTimeout: no answer in time to a question that costs nothing.
            DecodeError: the answer cannot be read.

        Example:
            >>> print(await suno.get_credits())
        """
        return await self.call(
            GetCredits(
                extra=extra,
            ),
            timeout=timeout,
        )

    async def generate_lyrics(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[Lyrics, ...]]:
        """Write lyrics about something, in two versions or more.

        Args:
            prompt: What the song is about, at most 200 words.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[Lyrics, ...]`.

        Raises:
            InvalidRequest: there is no prompt, or it is longer than 200 words.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.generate_lyrics("a lighthouse keeper's winter")
            >>> lyrics, *others = await task
            >>> print(lyrics.text)
        """
        return await self.submit(
            GenerateLyrics(
                prompt,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def convert_to_wav(
        self,
        audio_id: str | HasAudioId,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[WavFile]:
        """Convert a track to WAV; the service does so once a track and then answers `Conflict`.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `WavFile`.

        Raises:
            InvalidRequest: the track is given by its plain id and `task_id` is missing.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.convert_to_wav(track)
            >>> path = await suno.download(await task, "songs/")
        """
        return await self.submit(
            ConvertToWav(
                audio_id,
                task_id=task_id,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def separate_vocals(
        self,
        audio_id: str | HasAudioId | None = None,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        audio_url: str | HasUrl | None = None,
        type: StemType | str | None = None,
        stem_name: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[Stems]:
        """Take a song apart into stems: a track, or audio of your own. Every repeat is charged again.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            audio_url: Audio of your own in place of a track, 20 MB at most.
            type: `separate_vocal`, voice and the rest (the service's default, 10 credits); `split_stem`, up to 12 stems (50 credits); `split_stem_advanced`, the one of `stem_name` (20 credits); or a newer one, which is passed on unchecked.
            stem_name: One of the service's 98 names, for example `Lead Vocal` or `Drum Kit`.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `Stems`.

        Raises:
            InvalidRequest: both a track and other audio are given, or neither; or a name is
                missing.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.separate_vocals(track)
            >>> stems = await task
            >>> print(stems.vocal_url, stems.instrumental_url)
        """
        return await self.submit(
            SeparateVocals(
                audio_id,
                task_id=task_id,
                audio_url=audio_url,
                type=type,
                stem_name=stem_name,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_midi(
        self,
        task_id: TaskSource,
        *,
        audio_id: str | HasId | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[Midi]:
        """Write down the notes of stems; it takes 30 to 90 seconds.

        Args:
            task_id: The stems, their task, or its id.
            audio_id: One of the stems (of `Stems.origin_data`), or its id; left out, all of them.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `Midi`.

        Raises:
            InvalidRequest: the stems' task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            GenerateMidi(
                task_id,
                audio_id=audio_id,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def create_music_video(
        self,
        audio_id: str | HasAudioId,
        *,
        task_id: TaskSource | None = LEFT_OUT,
        author: str | None = None,
        domain_name: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[MusicVideo]:
        """Make a video of a track.

        Args:
            audio_id: The track, or its id.
            task_id: The id of the task that made it; left out, the track's.
            author: The artist to show, at most 50 characters.
            domain_name: The site to show, at most 50 characters.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `MusicVideo`.

        Raises:
            InvalidRequest: the track is given by its plain id and `task_id` is missing, or a name
                is longer than 50 characters.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> task = await suno.create_music_video(track, author="The Lighthouse Keepers")
            >>> print((await task).video_url)
        """
        return await self.submit(
            CreateMusicVideo(
                audio_id,
                task_id=task_id,
                author=author,
                domain_name=domain_name,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_cover_images(
        self,
        task_id: TaskSource,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[CoverImages]:
        """Make cover images for the songs of a task; the service does so once a task.

        Args:
            task_id: The songs, one of them, their task, or its id.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `CoverImages`.

        Raises:
            InvalidRequest: the task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.

        Example:
            >>> cover = await suno.generate_cover_images(track)
            >>> print((await cover).images)
        """
        return await self.submit(
            GenerateCoverImages(
                task_id,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def recover_audio(
        self,
        suno_task_id: TaskSource,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[tuple[RecoveredAudio, ...]]:
        """Bring back the lost audio of a task's songs; it takes some seconds.

        Args:
            suno_task_id: The songs, their task, or its id.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `tuple[RecoveredAudio, ...]`.

        Raises:
            InvalidRequest: the task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            RecoverAudio(
                suno_task_id,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def boost_style(
        self,
        content: str,
        *,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> StyleBoost:
        """Describe a style at more length, for use as `style`.

        Args:
            content: The style in a few words.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The answer, `StyleBoost`.

        Raises:
            InvalidRequest: there is no style.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            DecodeError: the answer cannot be read.
        """
        return await self.call(
            BoostStyle(
                content,
                extra=extra,
            ),
            timeout=timeout,
        )

    async def validate_voice(
        self,
        voice_url: str | HasUrl,
        *,
        vocal_start_s: int,
        vocal_end_s: int,
        language: Language | str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[VoicePhrase]:
        """Get a phrase to sing, from a recording of a voice; the first step to a voice.

        Args:
            voice_url: The recording that was uploaded, or its address.
            vocal_start_s: Where the singing begins, in seconds.
            vocal_end_s: Where it ends, in seconds.
            language: The language of the phrase: en, zh, es, fr, pt, de, ja, ko, hi, ru, or a newer one, which is passed on unchecked; left out, the service chooses.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `VoicePhrase`.

        Raises:
            InvalidRequest: the part of the recording is empty.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            ValidateVoice(
                voice_url,
                vocal_start_s=vocal_start_s,
                vocal_end_s=vocal_end_s,
                language=language,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def regenerate_voice_phrase(
        self,
        task_id: TaskSource,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[VoicePhrase]:
        """Get another phrase for the same recording.

        Args:
            task_id: The phrase, its task, or its id.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `VoicePhrase`.

        Raises:
            InvalidRequest: the task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            RegenerateVoicePhrase(
                task_id,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def generate_voice(
        self,
        task_id: TaskSource,
        *,
        verify_url: str | HasUrl,
        voice_name: str | None = None,
        description: str | None = None,
        style: str | None = None,
        singer_skill_level: SkillLevel | str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        callback_url: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Task[Voice]:
        """Make a voice from the phrase as it was sung.

        Args:
            task_id: The phrase, its task, or its id.
            verify_url: The recording of the phrase that was uploaded, or its address.
            voice_name: The voice's name.
            description: What it is like.
            style: Its style.
            singer_skill_level: How well it sings: `beginner` (left out, too), `intermediate`, `advanced`, `professional`, or a newer one, which is passed on unchecked.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            callback_url: Where the service shall post what happens; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The task, accepted and paid for; `await` it for its `Voice`.

        Raises:
            InvalidRequest: the task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
        """
        return await self.submit(
            GenerateVoice(
                task_id,
                verify_url=verify_url,
                voice_name=voice_name,
                description=description,
                style=style,
                singer_skill_level=singer_skill_level,
                callback_url=callback_url,
                extra=extra,
            ),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    async def check_voice(
        self,
        task_id: TaskSource,
        *,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether a voice can be used; asking costs nothing.

        Args:
            task_id: The voice, its task, or its id.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.
            extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

        Returns:
            The answer, `bool`.

        Raises:
            InvalidRequest: the task is not known.
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            ConnectionFailed: no connection could be made, nothing was paid.
            RequestTimeout: no answer in time to a question that costs nothing.
            DecodeError: the answer cannot be read.
        """
        return await self.call(
            CheckVoice(
                task_id,
                extra=extra,
            ),
            timeout=timeout,
        )
