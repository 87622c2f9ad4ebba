"""From lyrics to a cover image: what one call made is given to the next."""

import asyncio

from suno_async import SunoClient


async def main() -> None:
    async with SunoClient() as suno:
        print("credits:", await suno.get_credits())

        writing = await suno.generate_lyrics("Adventure and discovery, uplifting and inspiring")
        lyrics, *_ = await writing
        print(lyrics.text)

        song = await suno.generate_music(
            lyrics=lyrics.text, style="Folk Pop", title="Adventure Song", model="V4_5"
        )
        track, other = await song
        print(track.title, other.title, track.duration, track.audio_url)

        outro = "[Outro]\nAnd homeward, slowly, homeward"
        longer = await suno.extend_music(track, continue_at=90, prompt=outro)
        print([one.audio_url for one in await longer])

        stems, wav, video, cover = await asyncio.gather(  # four tasks, made side by side
            suno.separate_vocals(track),
            suno.convert_to_wav(track),
            suno.create_music_video(track, author="The Lighthouse Keepers"),
            suno.generate_cover_images(song),
        )
        print((await stems).vocal_url, (await stems).instrumental_url)
        print(await suno.download(await wav, "songs/"))
        print((await video).video_url)
        print((await cover).images)


asyncio.run(main())
