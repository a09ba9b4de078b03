"""A processor that speaks Stripe, for tests: localstripe as it is, with a line in front of it for
what localstripe lacks: faults, idempotency keys, filters and search of lists, the reasons of
declines, and Checkout, whose page uses localstripe's own Stripe.js.

    python processor.py --api-key sk_test_...

Prints one line of JSON with its address once it answers. Ends with the process that started it.
"""

import argparse
import asyncio
import ctypes
import json
import signal
import socket
import subprocess
import sys

import aiohttp
from aiohttp import web

from checkout import Checkout
from intents import Intents
from lists import Lists

# What `prctl` calls PR_SET_PDEATHSIG.
DEATH_SIGNAL = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)


def refusal(status, message, **more):
    error = {"type": "invalid_request_error", "message": message, **more}
    return status, {"error": error}


class Line:
    """The line between Stripe's callers and localstripe."""

    def __init__(self, api_key):
        self.api_key = api_key
        self.faults = []
        self.remembered = {}
        self.under_way = set()
        self.remembers = True
        self.requests = []
        # What localstripe does not keep, by the id of its object.
        self.more = {}
        self.intents = Intents(self)
        self.checkout = Checkout(self)
        self.lists = Lists(self)

    async def call(self, method, path, form=None, raw=None):
        """Asks localstripe: a form or raw bytes; the status and the JSON."""
        headers = {"authorization": f"Bearer {self.api_key}"}
        if raw is not None:
            body, headers = raw
        else:
            body = aiohttp.FormData(list(form.items())) if form else None
        async with self.client.request(
            method, self.localstripe + path, data=body, headers=headers
        ) as answer:
            text = await answer.read()
            kind = answer.headers.get("content-type", "")
        if "json" in kind:
            return answer.status, json.loads(text)
        return answer.status, web.Response(
            status=answer.status, body=text, headers={"content-type": kind}
        )

    def complete(self, value):
        """The objects of an answer with what localstripe does not say of them."""
        if isinstance(value, list):
            return [self.complete(each) for each in value]
        if not isinstance(value, dict):
            return value
        value = {name: self.complete(each) for name, each in value.items()}
        value.update(self.more.get(value.get("id"), {}))
        return self.intents.complete(value)

    async def serve(self, request):
        if request.method == "OPTIONS" or not request.path.startswith("/v1/"):
            return await self.pass_on(request)
        fault = self.fault(request)
        if fault == "cut_before":
            return cut(request)
        if fault == "rate_limited":
            error = refusal(429, "Too many requests.", code="rate_limit")
            return answer(*error, {"retry-after": "7"})
        if fault == "error_before":
            return answer(*refusal(500, "Something went wrong.", type="api_error"))
        status, body = await self.once(request)
        if fault == "cut_after":
            return cut(request)
        if fault == "error_after":
            return answer(*refusal(500, "Something went wrong.", type="api_error"))
        if fault == "garbage":
            return web.Response(text="<html>Bad gateway</html>")
        if isinstance(body, web.StreamResponse):
            return body
        return answer(status, self.complete(body))

    def fault(self, request):
        for fault in self.faults:
            if fault["at"] == f"{request.method} {request.path}" and fault["times"] > 0:
                fault["times"] -= 1
                return fault["answer"]
        return None

    async def once(self, request):
        """Does a request; the same one under the same key is answered and not done again."""
        key = request.headers.get("idempotency-key")
        form = dict(await request.post()) if is_form(request) else {}
        if request.method != "GET":
            self.requests.append({"path": request.path, "key": key, "form": form})
        if request.method != "POST" or key is None or not self.remembers:
            return await self.do(request, form)
        if key in self.under_way:
            return refusal(409, "The key is in use.", code="idempotency_key_in_use")
        asked = (request.path, form)
        if key in self.remembered:
            before, done = self.remembered[key]
            if before != asked:
                return refusal(400, "The key was used otherwise.", type="idempotency_error")
            return done
        self.under_way.add(key)
        try:
            done = await self.do(request, form)
        finally:
            self.under_way.discard(key)
        self.remembered[key] = (asked, done)
        return done

    async def do(self, request, form):
        authorization = request.headers.get("authorization")
        if authorization not in (None, f"Bearer {self.api_key}"):
            return refusal(401, "Invalid API Key provided.")
        for part in (self.checkout, self.intents, self.lists):
            done = await part.do(request.method, request.path, request.query, form)
            if done is not None:
                return done
        return await self.pass_on_api(request, form)

    async def pass_on_api(self, request, form):
        if form:
            return await self.call(request.method, request.path_qs, form)
        body = await request.read()
        return await self.call(request.method, request.path_qs, raw=(body, forwarded(request)))

    async def pass_on(self, request):
        body = await request.read()
        status, body = await self.call(
            request.method, request.path_qs, raw=(body, forwarded(request))
        )
        return body if isinstance(body, web.StreamResponse) else answer(status, body)

    async def control(self, request):
        """What tests decide: `faults`, `declines`, `remembers`."""
        told = await request.json()
        self.faults.extend(told.get("faults", []))
        self.intents.decline_code = told.get("decline_code", self.intents.decline_code)
        self.remembers = told.get("remembers", self.remembers)
        self.lists.search_knows = told.get("search_knows", self.lists.search_knows)
        return web.json_response({})

    async def seen(self, _request):
        return web.json_response(self.requests)


def is_form(request):
    return request.content_type == "application/x-www-form-urlencoded" and request.can_read_body


def forwarded(request):
    kept = ("authorization", "content-type", "origin")
    return {name: request.headers[name] for name in kept if name in request.headers}


def answer(status, body, headers=None):
    return web.json_response(body, status=status, headers=headers)


def cut(request):
    request.transport.abort()
    return web.Response()


async def begin_localstripe():
    """Starts localstripe on a free port and waits until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return f"http://127.0.0.1:{port}"
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("localstripe does not listen")


async def main():
    end_with_parent()
    parser = argparse.ArgumentParser()
    parser.add_argument("--api-key", required=True)
    line = Line(parser.parse_args().api_key)
    line.localstripe = await begin_localstripe()
    line.client = aiohttp.ClientSession(auto_decompress=True)
    app = web.Application()
    app.router.add_post("/line/control", line.control)
    app.router.add_get("/line/requests", line.seen)
    line.checkout.add_pages(app.router)
    app.router.add_route("*", "/{path:.*}", line.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    line.address = f"http://127.0.0.1:{port}"
    print(json.dumps({"listening": line.address}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
