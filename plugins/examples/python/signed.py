"""Is a delivery genuine, and recent? Apart from `vestibule`, since only a plugin whose world exports
`webhooks` has the words for it.
"""

from base64 import b64encode

from componentize_py_types import Err
from wit_world.exports import webhooks
from wit_world.imports import crypto

from vestibule import header, secret

# How old or how early a webhook may be, in microseconds.
TOLERANCE = 5 * 60 * 1_000_000


def standard_webhook(delivery: webhooks.Delivery, name: str) -> str:
    """The id of a delivery that was signed as in Standard Webhooks, with the secret of this name,
    once the signature is found to be right and recent. Nothing of a delivery is believed before.
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    identity, sent_at, signatures = (header(delivery, name) for name in names)
    if not identity or not signatures or not (sent_at or "").isdecimal():
        raise Err(webhooks.ParseError_BadSignature())
    key = crypto.HmacKey_Secret(crypto.SecretKey(secret(name), crypto.KeyEncoding.STANDARD_WEBHOOKS))
    signed = f"{identity}.{sent_at}.".encode() + delivery.body
    expected = b64encode(crypto.hmac_sha256(key, signed))
    given = (one.removeprefix("v1,") for one in signatures.split(" ") if one.startswith("v1,"))
    if not any([crypto.equal(one.encode(), expected) for one in given]):
        raise Err(webhooks.ParseError_BadSignature())
    if abs(delivery.received_at - int(sent_at) * 1_000_000) > TOLERANCE:
        raise Err(webhooks.ParseError_Stale())
    return identity
