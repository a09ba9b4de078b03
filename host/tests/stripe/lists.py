"""Lists as Stripe gives them: newest first, filtered by customer and time, page by page; and the
search of intents by metadata."""

import re

LISTED = {
    "/v1/payment_intents": "customer",
    "/v1/refunds": None,
    "/v1/balance_transactions": None,
}
BOUNDS = {
    "gte": lambda created, bound: created >= bound,
    "gt": lambda created, bound: created > bound,
    "lte": lambda created, bound: created <= bound,
    "lt": lambda created, bound: created < bound,
}


class Lists:
    def __init__(self, line):
        self.line = line
        # Whether the index has heard of what happened lately.
        self.search_knows = True

    async def do(self, method, path, query, _form):
        if method != "GET":
            return None
        if path == "/v1/payment_intents/search":
            return await self.search(query)
        if path not in LISTED:
            return None
        things = await self.all(path, query)
        return 200, page(path, things, query)

    async def all(self, path, query):
        expand = "".join(f"&expand[]={each}" for each in query.getall("expand[]", []))
        _, listed = await self.line.call("GET", f"{path}?limit=100000{expand}")
        things = self.line.complete(listed["data"])
        if path != "/v1/refunds" and path != "/v1/balance_transactions":
            things.reverse()
        return things

    async def search(self, query):
        wanted = re.fullmatch(r"metadata\['(\w+)'\]:'([^']*)'", query["query"])
        if not wanted:
            message = "This search is not understood."
            return 400, {"error": {"type": "invalid_request_error", "message": message}}
        name, value = wanted.groups()
        things = await self.all("/v1/payment_intents", query) if self.search_knows else []
        found = [thing for thing in things if thing["metadata"].get(name) == value]
        return 200, {"object": "search_result", "data": found, "has_more": False}


def page(path, things, query):
    """The page of a list that is asked for."""
    by = LISTED.get(path, "customer")
    if by and by in query:
        things = [thing for thing in things if thing[by] == query[by]]
    for name, fits in BOUNDS.items():
        bound = query.get(f"created[{name}]")
        if bound is not None:
            things = [thing for thing in things if fits(thing["created"], int(bound))]
    after = query.get("starting_after")
    if after:
        ids = [thing["id"] for thing in things]
        things = things[ids.index(after) + 1:]
    limit = int(query.get("limit", "10"))
    return {"object": "list", "data": things[:limit], "has_more": len(things) > limit, "url": path}
