"""What must fit together in the other requests."""

from suno_async.testing._api.calls import Refusal
from suno_async.testing._api.facts import BAD, EXISTS, NOT_FOUND, TOO_LONG, Body
from suno_async.testing._api.fields import given, please_enter
from suno_async.testing._api.jobs import Job
from suno_async.testing._api.service import Service
from suno_async.testing.timetable import Kind

_MOST_WORDS = 200
_PERSONA_SECONDS = (10.0, 30.0)


def persona(service: Service, body: Body) -> None:
    """A persona from 10 to 30 seconds of a finished track made with V4 or later; once a track."""
    shortest, longest = _PERSONA_SECONDS
    if not shortest <= body.get("vocalEnd", 30) - body.get("vocalStart", 0) <= longest:
        raise Refusal(BAD, "vocalEnd - vocalStart must be between 10 and 30 seconds.")
    if body["audioId"] in service.personas:
        raise Refusal(EXISTS, "The persona of this audio already exists.")
    if not service.settings.strict_ids:
        return
    job = _maker(service, body)
    if not job.done(service.now()):
        raise Refusal(BAD, "The task is not finished yet.")
    if job.body.get("model") == "V3_5":
        raise Refusal(BAD, "The track must be made with V4 or later.")


def timestamped_lyrics(service: Service, body: Body) -> None:
    """A track by its id, or by its place in the task."""
    if not given(body, "audioId") and body.get("musicIndex") is None:
        please_enter(body, "audioId")
    if given(body, "audioId") and service.settings.strict_ids:
        _maker(service, body)


def _maker(service: Service, body: Body) -> Job:
    """The task that made the track, which must be the one that is named."""
    job, _ = service.track(body["audioId"])
    if job.id != body["taskId"]:
        raise Refusal(NOT_FOUND, "The audioId is not of this taskId.")
    return job


def lyrics(_service: Service, body: Body) -> None:
    """An idea for lyrics, of at most 200 words."""
    if len(body["prompt"].split()) > _MOST_WORDS:
        raise Refusal(TOO_LONG, "The prompt must be at most 200 words.")


def wav(service: Service, body: Body) -> None:
    """A WAV is made once for each track."""
    if service.made_before(Kind.WAV, body["audioId"]) is not None:
        raise Refusal(EXISTS, "The WAV record already exists.")


def images(service: Service, body: Body) -> None:
    """Cover images are made once for each task; the refusal names the task."""
    before = service.made_before(Kind.IMAGES, body["taskId"])
    if before is not None:
        raise Refusal(EXISTS, "The cover already exists.", {"taskId": before.id})
    if service.settings.strict_ids:
        service.job(body["taskId"], Kind.MUSIC)


def stems(_service: Service, body: Body) -> None:
    """A track, or a file of one's own; never both."""
    if given(body, "audioUrl"):
        if given(body, "audioId"):
            raise Refusal(BAD, "Either audioId or audioUrl; not both.")
    else:
        please_enter(body, "taskId", "audioId")
    if body.get("type") == "split_stem_advanced":
        please_enter(body, "stemName")


def midi(service: Service, body: Body) -> None:
    """The notes of stems that were made before."""
    _must_be_done(service, body, Kind.STEMS, "separation")


def recovery(service: Service, body: Body) -> None:
    """Audio of a music task."""
    if service.settings.strict_ids:
        service.job(body["sunoTaskId"], Kind.MUSIC)


def phrase(_service: Service, body: Body) -> None:
    """A part of a recording."""
    if body["vocalEndS"] <= body["vocalStartS"]:
        raise Refusal(BAD, "vocalEndS must be greater than vocalStartS.")


def phrase_again(service: Service, body: Body) -> None:
    """Another phrase for the same recording."""
    if service.settings.strict_ids:
        service.job(body["taskId"], Kind.PHRASE)


def voice(service: Service, body: Body) -> None:
    """A voice from a phrase that is ready to be read."""
    _must_be_done(service, body, Kind.PHRASE, "phrase")


def _must_be_done(service: Service, body: Body, kind: Kind, what: str) -> None:
    if not service.settings.strict_ids:
        return
    if not service.job(body["taskId"], kind).done(service.now()):
        raise Refusal(BAD, f"The {what} is not ready yet.")
