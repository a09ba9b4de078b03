"""Requests to the processor, and what its answers mean."""

from wit_world.imports import http

from vestibule import (
    bearer,
    body,
    invalid,
    misconfigured,
    request,
    required,
    secret,
    segment,
    trouble,
    unknown_outcome,
    unreadable,
)

__all__ = ["WHOM", "get", "get_if_known", "order", "post", "post_if_known", "segment"]

# The processor's name in messages for the operator.
WHOM = "the processor"


def order(path, key, json):
    """Makes something under an idempotency key."""
    return read(send(http.Method.POST, path, {"idempotency-key": key}, json))


def post(path, json):
    """Asks for something to be done that is the same when it is done twice."""
    return read(send(http.Method.POST, path, {}, json))


def post_if_known(path, json):
    """As `post`; None when the processor does not know the thing."""
    return read_if_known(send(http.Method.POST, path, {}, json))


def get(path):
    """Reads something."""
    return read(send(http.Method.GET, path, {}))


def get_if_known(path):
    """As `get`; None when the processor does not know the thing."""
    return read_if_known(send(http.Method.GET, path, {}))


def send(method, path, headers, json=None):
    credentials = bearer(secret("api_key"))
    headers = {"accept": "application/json", **headers}
    return request(WHOM, method, required("base_url"), path, credentials, headers, json)


def read(response):
    known = read_if_known(response)
    if known is None:
        # Where a thing must be, "not found" is not its absence: it is another server.
        raise misconfigured("the processor does not know this address; check base_url")
    return known


def read_if_known(response):
    status = response.status
    if status == 404:
        return None
    json = body(response)
    if 200 <= status < 300:
        if not isinstance(json, dict):
            raise unreadable(WHOM, "it is no object")
        return json
    if status not in (400, 409, 413, 422):
        raise trouble(response, WHOM)
    # What it means that the processor says no to a request.
    error = json.get("error") if isinstance(json, dict) else None
    if not isinstance(error, dict):
        raise unreadable(WHOM, f"status {status} and not why")
    if error["code"] == "idempotency_mismatch":
        # This request was not done, but another one under the key was: whether money moved for this
        # payment is for a lookup to say.
        raise unknown_outcome("the key was used before, for another request")
    raise invalid(error["code"], error["message"])
