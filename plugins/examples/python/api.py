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
        raise wrong_address()
    return known


def wrong_address():
    return misconfigured("the processor does not know this address; check base_url")


def read_if_known(response):
    status = response.status
    json = body(response)
    error = json.get("error") if isinstance(json, dict) else None
    if status == 404:
        # Only the processor itself says that it does not know a thing, not a proxy or another server.
        if isinstance(error, dict) and error.get("code") == "not_found":
            return None
        raise wrong_address()
    if 200 <= status < 300:
        if not isinstance(json, dict):
            raise unreadable(WHOM, "it is no object")
        return json
    if status not in (400, 409, 413, 422):
        raise trouble(response, WHOM)
    # What it means that the processor says no to a request.
    if not isinstance(error, dict):
        raise unreadable(WHOM, f"status {status} and not why")
    if error["code"] == "idempotency_mismatch":
        # This request was not done, but another one under the key was: whether money moved for this
        # payment is for a lookup to say.
        raise unknown_outcome("the key was used before, for another request")
    raise invalid(error["code"], error["message"])
