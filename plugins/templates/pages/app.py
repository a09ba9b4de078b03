"""A page of the portal with a form. What it may answer is documented in `wit/pages/v1` of Vestibule. A
class is an interface, its methods are the interface's functions; the modules of `wit_world` are made
when the plugin is built.
"""

import json

from wit_world.exports import pages
from wit_world.imports import settings
from wit_world.imports import vestibule_pages_types as types


class Pages:
    def describe(self) -> pages.Description:
        return pages.Description(navigation=[pages.Entry("/", "nav-news", "info")], extra=[])

    def render(self, request: pages.Request) -> pages.Answer:
        title = "Novedades" if spanish(request) else "News"
        match request.path:
            # A form that has to be mended is shown at its own address.
            case "/" | "/wish":
                return page(title, "news.html", {"notice": settings.get("notice").value})
            case "/thanks":
                return page(title, "thanks.html", {})
            case _:
                return pages.Answer_NotFound()

    def submit(self, request: pages.Request, fields) -> pages.Submission:
        if request.path != "/wish":
            return pages.Submission_Taken(pages.Answer_NotFound())
        wish = next((field.value.strip() for field in fields if field.name == "wish"), "")
        if not wish:
            message = "Escribe algo." if spanish(request) else "Write something."
            return pages.Submission_Invalid([pages.FieldError("wish", message)])
        return pages.Submission_Taken(pages.Answer_Redirect(request.context.home + "/thanks"))


def spanish(request: pages.Request) -> bool:
    return request.context.locale.startswith("es")


def page(title: str, name: str, data: dict) -> pages.Answer:
    """A page that one of the plugin's own templates shows."""
    content = types.Content_Template(types.Template(name, json.dumps(data)))
    return pages.Answer_Page(pages.Page(title, content))
