"""What a gateway in Python would otherwise write again: settings and secrets, requests to a
processor's API, and what their failures mean. The rule of the whole file: a request that certainly
never left is *not executed*; one that may have arrived and has no readable answer is an *unknown
outcome*; only a readable answer is taken at its word.
"""

import json as json_format
from functools import wraps
from urllib.parse import quote

from componentize_py_types import Err
from wit_world.imports import http, secrets, settings
from wit_world.imports import vestibule_gateway_types as gateway


def not_executed(why: str) -> Err:
    return Err(gateway.GatewayError_NotExecuted(why))


def unknown_outcome(why: str) -> Err:
    return Err(gateway.GatewayError_UnknownOutcome(why))


def misconfigured(why: str) -> Err:
    return Err(gateway.GatewayError_Misconfigured(why))


def invalid(field: str, message: str) -> Err:
    """A request that can never be done, because of one field."""
    return Err(gateway.GatewayError_InvalidRequest([gateway.FieldError(field, message)]))


def unreadable(whom: str, why: str) -> Err:
    """An answer that cannot be: nobody knows what was done."""
    return unknown_outcome(f"the answer of {whom} makes no sense: {why}")


def is_silence(error: Err) -> bool:
    """Whether an error means that the processor said nothing, as against saying no. A question that
    met silence has no answer now, and a lookup cannot tell.
    """
    silent = (gateway.GatewayError_NotExecuted, gateway.GatewayError_UnknownOutcome)
    return isinstance(error.value, silent)


class Missing(Exception):
    """Something that the operator has not set or not granted, in words for them."""


def secret(name: str) -> secrets.Secret:
    """The handle of a secret. Its value never enters the plugin's memory."""
    try:
        return secrets.get(name)
    except Err as error:
        denied = isinstance(error.value, secrets.SecretError_Denied)
        raise Missing(f"the secret {name} is not {'granted' if denied else 'set'}") from None


def setting(name: str):
    """The value of a setting, of the type that plugin.toml gives it; None where it is not set."""
    found = settings.get(name)
    return None if found is None else found.value


def required(name: str):
    """The same where nothing can be done without it."""
    value = setting(name)
    if value is None:
        raise Missing(f"the setting {name} is not set")
    return value


def promised(function):
    """For the functions of a gateway: what the operator has not set is told as such, and an answer of
    another form than the processor's leaves the outcome unknown. Anything else that fails is a trap,
    and so an unknown outcome too.
    """

    @wraps(function)
    def wrapped(*arguments):
        try:
            return function(*arguments)
        except Missing as missing:
            raise misconfigured(str(missing)) from None
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise unknown_outcome(f"an answer of another form than expected: {error!r}") from None

    return wrapped


def segment(text: str) -> str:
    """Text as one segment of a path or one value of a query."""
    return quote(text, safe="").replace(".", "%2E")


def bearer(handle: secrets.Secret) -> http.HeaderValue:
    """A secret as bearer token."""
    return http.HeaderValue_Secret(http.PrefixedSecret("Bearer ", handle))


def request(whom, method, base_url, path, credentials=None, headers=None, json=None):
    """Sends a request below `base_url` and waits for the whole answer, of any status. `headers` are
    texts by name; `credentials` is the value of `authorization`, such as `bearer(secret)`; `json` is a
    body. `whom` is the processor's name in the operator's messages.
    """
    fields = [http.Header(name, http.HeaderValue_Text(value)) for name, value in (headers or {}).items()]
    if credentials is not None:
        fields.append(http.Header("authorization", credentials))
    body = None
    if json is not None:
        body = json_format.dumps(json).encode()
        fields.append(http.Header("content-type", http.HeaderValue_Text("application/json")))
    url = base_url.rstrip("/") + path
    try:
        return http.fetch(http.Request(method, url, fields, body, None))
    except Err as error:
        raise no_answer(error.value, whom) from None


def no_answer(error: http.FetchError, whom: str) -> Err:
    """What it means that there is no answer."""
    why = error.value
    if isinstance(error, http.FetchError_NotSent):
        if isinstance(why, (http.NotSent_Denied, http.NotSent_Invalid)):
            return misconfigured(f"the request was not let out: {why.value}")
        if isinstance(why, http.NotSent_Dns):
            return not_executed(f"the name of {whom} cannot be resolved")
        return not_executed(why.value)
    if isinstance(why, http.MaybeSent_Timeout):
        return unknown_outcome("no answer in time")
    if isinstance(why, http.MaybeSent_ConnectionLost):
        return unknown_outcome("the connection broke")
    if isinstance(why, http.MaybeSent_ResponseTooLarge):
        return unknown_outcome("the answer was too large")
    return unknown_outcome(why.value)


def header(message, name: str) -> str | None:
    """A header of an answer or a delivery; the name in lower case."""
    return next((found.value for found in message.headers if found.name == name), None)


def body(message):
    """The body of an answer or a delivery, from JSON; None if it is none."""
    try:
        return json_format.loads(message.body)
    except ValueError:
        return None


def trouble(response: http.Response, whom: str) -> Err:
    """What a status means that the processor has no words of its own for: 401 and 403 are for the
    operator, 429 is a wish for fewer requests, and everything else leaves the outcome unknown.
    """
    if response.status in (401, 403):
        return misconfigured(f"{whom} refuses our credentials")
    if response.status == 429:
        seconds = header(response, "retry-after") or ""
        return Err(gateway.GatewayError_RateLimited(int(seconds) if seconds.isdecimal() else None))
    return unknown_outcome(f"{whom} answered {response.status}")
