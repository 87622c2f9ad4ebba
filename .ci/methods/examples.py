"""One example for each of the methods that are used most.

The tests run them, with a client `suno`, a finished song's `task` and `track`, and a `file` that
was uploaded.
"""

EXAMPLES = {
    "generate_music": """
task = await suno.generate_music("A calm piano tune at dusk")
async for event in task:
    print(event.stage)
tracks = await task
song = await suno.generate_music(lyrics="[Verse] The road goes on", style="Folk", title="Home")
""",
    "extend_music": """
task = await suno.extend_music(track, continue_at=60, prompt="[Outro] And homeward")
tracks = await task
""",
    "upload_and_cover": """
file = await suno.upload_file("melody.mp3")
task = await suno.upload_and_cover(file, prompt="as smooth jazz")
tracks = await task
""",
    "upload_and_extend": """
file = await suno.upload_file("melody.mp3")
task = await suno.upload_and_extend(file)
tracks = await task
""",
    "add_vocals": """
file = await suno.upload_file("melody.mp3")
task = await suno.add_vocals(
    file, lyrics="[Verse] The road goes on", style="Folk", title="Home", negative_tags="Metal"
)
tracks = await task
""",
    "replace_section": """
task = await suno.replace_section(
    track,
    infill_start_s=10,
    infill_end_s=25.5,
    prompt="And the sea sings on",
    tags="Folk",
    title="Home",
    full_lyrics="The road goes on, and the sea sings on",
)
tracks = await task
""",
    "generate_sounds": """
task = await suno.generate_sounds("rain on a tin roof", sound_loop=True)
sounds = await task
""",
    "generate_lyrics": """
task = await suno.generate_lyrics("a lighthouse keeper's winter")
lyrics, *others = await task
print(lyrics.text)
""",
    "get_timestamped_lyrics": """
lyrics = await suno.get_timestamped_lyrics(track)
print([(word.word, word.start_s) for word in lyrics.aligned_words])
""",
    "convert_to_wav": """
task = await suno.convert_to_wav(track)
path = await suno.download(await task, "songs/")
""",
    "separate_vocals": """
task = await suno.separate_vocals(track)
stems = await task
print(stems.vocal_url, stems.instrumental_url)
""",
    "create_music_video": """
task = await suno.create_music_video(track, author="The Lighthouse Keepers")
print((await task).video_url)
""",
    "generate_cover_images": """
cover = await suno.generate_cover_images(track)
print((await cover).images)
""",
    "get_credits": """
print(await suno.get_credits())
""",
}
