"""What must fit together in a music request, by generation of model."""

from suno_async.testing._api.calls import Refusal
from suno_async.testing._api.facts import BAD, MODELS, Body, is_v6, lengths
from suno_async.testing._api.fields import at_most, given, leave_out, please_enter
from suno_async.testing._api.service import Service

_WEIGHTS = ("styleWeight", "weirdnessConstraint", "audioWeight")
_ATTACHMENTS = ("imageUrls", "videoUrls", "audioUrls")
_MOST_ATTACHMENTS = 10
_NOT_IN_V6_IDEAS = ("title", "negativeTags", "duration", "vocalGender", "personaId", *_WEIGHTS)
_NOT_IN_IDEAS = ("style", "title", "personaId", "duration")
_SHORTEST_SECTION = 10.0


def known_model(service: Service, body: Body, default: str | None = None) -> str:
    """The model asked for, or the default; refuses one the service does not know."""
    if not given(body, "model") and default is not None:
        return default
    please_enter(body, "model")
    model: str = body["model"]
    if model not in service.settings.models:
        raise Refusal(BAD, f"The model {model} is not supported.")
    return model


def modern(model: str) -> bool:
    """Whether the laxer rules of the V6 pages hold; a model that is not listed is newer still."""
    return is_v6(model) or model not in MODELS


def generate(service: Service, body: Body) -> None:
    """Songs from an idea, or in custom mode from lyrics, style and title."""
    model = known_model(service, body)
    _features(service, model, body)
    if body["customMode"]:
        leave_out(body, _ATTACHMENTS, "in custom mode")
        _custom(model, body)
    else:
        _idea(model, body)


def upload_cover(service: Service, body: Body) -> None:
    """As `generate`, over an upload; the quick start's sample leaves `instrumental` out."""
    _over_uploads(service, body, "customMode")


def mashup(service: Service, body: Body) -> None:
    """As `generate`, over two uploads."""
    _over_uploads(service, body, "customMode", "instrumental")


def _over_uploads(service: Service, body: Body, *older_flags: str) -> None:
    """V6 knows the custom mode alone, and requires nothing but the uploads."""
    model = known_model(service, body)
    _features(service, model, body)
    if not modern(model):
        for name in older_flags:
            if body.get(name) is None:
                raise Refusal(BAD, f"{name} cannot be null")
    if modern(model):
        _lengths(model, body)
    elif body["customMode"]:
        _custom(model, body)
    else:
        _idea(model, body)


def extend(service: Service, body: Body) -> None:
    """A track carried on, with its own parameters or with new ones."""
    model = known_model(service, body)
    _carried_on(service, model, body)
    if not service.settings.strict_ids:  # the track need not be one that was made here
        return
    job, index = service.track(body["audioId"])
    made_with = job.body.get("model")
    if made_with not in (None, model):
        raise Refusal(BAD, f"The model must be that of the source track, {made_with}.")
    if (body.get("continueAt") or 0) >= job.songs[index].duration:
        raise Refusal(BAD, "continueAt must be less than the duration of the source track.")


def upload_extend(service: Service, body: Body) -> None:
    """An upload carried on."""
    _carried_on(service, known_model(service, body), body)


def add_to_upload(service: Service, body: Body) -> None:
    """An accompaniment under an upload."""
    model = known_model(service, body, "V4_5PLUS")
    _features(service, model, body)
    _lengths(model, body)


def add_vocals(service: Service, body: Body) -> None:
    """A voice over an upload; before V6 it needs words."""
    add_to_upload(service, body)
    if not modern(known_model(service, body, "V4_5PLUS")):
        please_enter(body, "prompt")


def replace_section(service: Service, body: Body) -> None:
    """A part made anew, of a track or of an upload; never of both."""
    of_track = given(body, "audioId") or given(body, "taskId")
    if of_track and given(body, "uploadUrl"):
        raise Refusal(BAD, "Either taskId and audioId, or uploadUrl and model; not both.")
    if of_track:
        please_enter(body, "taskId", "audioId")
    else:
        please_enter(body, "uploadUrl")
        known_model(service, body)
    length = body["infillEndS"] - body["infillStartS"]
    if length <= 0:
        raise Refusal(BAD, "infillStartS must be less than infillEndS.")
    if length < _SHORTEST_SECTION:
        raise Refusal(BAD, "The section must be at least 10 seconds long.")
    if (
        of_track
        and service.settings.strict_ids
        and length > service.song(body["audioId"]).duration / 2
    ):
        raise Refusal(BAD, "The section must be at most half of the track.")


def sounds(service: Service, body: Body) -> None:
    """A sound from a description."""
    known_model(service, body)


def _carried_on(service: Service, model: str, body: Body) -> None:
    """Style and title may be left out, as in the quick start; V6 has no flag, and asks nothing."""
    _features(service, model, body)
    _lengths(model, body)
    at = body.get("continueAt")
    if body.get("defaultParamFlag") and not modern(model):
        if not body.get("instrumental"):
            please_enter(body, "prompt")
        if at is None:
            raise Refusal(BAD, "continueAt cannot be null")
    if at is not None and at <= 0:
        raise Refusal(BAD, "continueAt must be greater than 0.")


def _custom(model: str, body: Body) -> None:
    if modern(model):
        words = ("style", "lyrics", "negativeTags", "prompt")  # a prompt is sung as lyrics
        if not any(given(body, name) for name in words):
            raise Refusal(BAD, "Please enter at least one of style, lyrics, negativeTags.")
    else:
        please_enter(body, "style", "title")
        if not body.get("instrumental"):
            please_enter(body, "prompt")
    _lengths(model, body)


def _idea(model: str, body: Body) -> None:
    if modern(model):
        sources = ("prompt", "style", "lyrics", *_ATTACHMENTS)
        if not any(given(body, name) for name in sources):
            raise Refusal(BAD, f"Please enter at least one of {', '.join(sources)}.")
        if sum(len(body.get(name) or ()) for name in _ATTACHMENTS) > _MOST_ATTACHMENTS:
            raise Refusal(BAD, "At most 10 attachments in all.")
        leave_out(body, _NOT_IN_V6_IDEAS, "in non-custom mode")
    else:
        please_enter(body, "prompt")
        leave_out(body, _NOT_IN_IDEAS, "in non-custom mode")
    _lengths(model, body)
    at_most(body, "prompt", lengths(model).idea)


def _lengths(model: str, body: Body) -> None:
    limits = lengths(model)
    at_most(body, "prompt", limits.lyrics)
    at_most(body, "lyrics", limits.lyrics)
    at_most(body, "style", limits.style)
    at_most(body, "tags", limits.style)
    at_most(body, "title", limits.title)


def _features(service: Service, model: str, body: Body) -> None:
    """Refuse fields that only other models know."""
    if not modern(model):
        leave_out(body, ("lyrics", "variety", *_ATTACHMENTS), f"with {model}")
        if model not in ("V5", "V5_5"):
            leave_out(body, ("personaModel",), f"with {model}")
        if model != "V5_5":
            leave_out(body, ("duration",), f"with {model}")
    is_voice = body.get("personaId") in service.voices
    if is_voice and body.get("personaModel") != "voice_persona":
        raise Refusal(BAD, "A voice needs personaModel voice_persona.")
